/* SPDX-License-Identifier: Apache-2.0
 *
 * The plot of interventions over time: bars by the hour, by the day, or by as many days as make no more than
 * BARS_MAX bars. Its numbers stand in a table below it, so it is one picture for a screen reader.
 */
#include "audit/export_html.h"
#include "audit/html.h"

#include <math.h>

enum {
	WIDTH = 960,
	HEIGHT = 250,
	LEFT = 52,
	BOTTOM = 30,
	TOP = 12,
	BARS_MAX = 92,
	LABELS = 7,
};

struct bar {
	int64_t from_ns;
	double done, seen; /* interventions that took effect, and those only observed */
};

struct plot {
	struct bar bar[BARS_MAX];
	size_t count;
	int64_t step_ns;
	double top; /* of the axis */
};

static int64_t time_of(const struct count_row *row)
{
	struct buf text = {0};
	int64_t time_ns = 0;
	buf_add_bytes(&text, count_row_name(row));
	if (row->name_len > 10)
		buf_add_text(&text, ":00:00Z");
	if (!time_parse(buf_bytes(&text), &time_ns, NULL))
		time_ns = 0;
	buf_done(&text);
	return time_ns;
}

/* 1, 2 or 5 times a power of ten, not below `value`. */
static double round_up(double value)
{
	double power = pow(10, floor(log10(value)));
	double times = value / power;
	return power * (times <= 1 ? 1 : times <= 2 ? 2 : times <= 5 ? 5 : 10);
}

static bool gather(struct plot *plot, struct count_map *times, int64_t unit_ns)
{
	count_map_sort_names(times);
	if (times->count == 0)
		return false;
	int64_t first = time_of(&times->row[0]), last = time_of(&times->row[times->count - 1]);
	int64_t units = (last - first) / unit_ns + 1;
	plot->step_ns = unit_ns * ((units + BARS_MAX - 1) / BARS_MAX);
	plot->count = (size_t)((last - first) / plot->step_ns) + 1;
	for (size_t i = 0; i < plot->count; i++)
		plot->bar[i].from_ns = first + (int64_t)i * plot->step_ns;
	for (size_t i = 0; i < times->count; i++) {
		const struct count_row *row = &times->row[i];
		struct bar *bar = &plot->bar[(time_of(row) - first) / plot->step_ns];
		bar->done += row->value[DAY_INTERVENTIONS] - row->value[DAY_OBSERVED];
		bar->seen += row->value[DAY_OBSERVED];
	}
	for (size_t i = 0; i < plot->count; i++)
		plot->top = fmax(plot->top, plot->bar[i].done + plot->bar[i].seen);
	plot->top = plot->top > 0 ? round_up(plot->top) : 1;
	return true;
}

static double y_of(const struct plot *plot, double value)
{
	return TOP + (HEIGHT - TOP - BOTTOM) * (1 - value / plot->top);
}

static void add_axis(struct buf *html, const struct plot *plot)
{
	double ticks = plot->top >= 10 ? 5 : plot->top;
	for (double i = 0; i <= ticks; i++) {
		double value = plot->top * i / ticks, y = y_of(plot, value);
		buf_printf(html,
			   "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/><text x=\"%d\" y=\"%.1f\" "
			   "text-anchor=\"end\">",
			   LEFT, WIDTH, y, y, LEFT - 6, y + 4);
		html_count(html, value);
		buf_add_text(html, "</text>");
	}
}

static void add_bar(struct buf *html, const char *class, double x, double width, double top, double bottom)
{
	if (bottom > top)
		buf_printf(html, "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\"/>",
			   class, x, top, width, bottom - top);
}

static void add_bars(struct buf *html, const struct plot *plot)
{
	double step = (double)(WIDTH - LEFT) / (double)plot->count;
	double width = fmin(step * 0.8, 60);
	size_t every = (plot->count + LABELS - 1) / LABELS;
	for (size_t i = 0; i < plot->count; i++) {
		const struct bar *bar = &plot->bar[i];
		double x = LEFT + step * (double)i + (step - width) / 2;
		double middle = y_of(plot, bar->done), top = y_of(plot, bar->done + bar->seen);
		char time[TIME_TEXT_LEN + 1];
		add_bar(html, "done", x, width, middle, y_of(plot, 0));
		add_bar(html, "seen", x, width, top, middle);
		if (i % every != 0)
			continue;
		time_format(bar->from_ns, time);
		if (plot->step_ns < TIME_DAY)
			buf_printf(html, "<text x=\"%.1f\" y=\"%d\">%.5s %.2s:00</text>", x, HEIGHT - 10,
				   time + 5, time + 11);
		else
			buf_printf(html, "<text x=\"%.1f\" y=\"%d\">%.10s</text>", x, HEIGHT - 10, time);
	}
}

static const char *unit_name(const struct plot *plot, char text[64])
{
	if (plot->step_ns == TIME_HOUR)
		return "hour";
	if (plot->step_ns == TIME_DAY)
		return "day";
	if (plot->step_ns < TIME_DAY)
		snprintf(text, 64, "%d hours", (int)(plot->step_ns / TIME_HOUR));
	else
		snprintf(text, 64, "%d days", (int)(plot->step_ns / TIME_DAY));
	return text;
}

void report_plot(struct report *report, struct buf *html)
{
	struct plot plot = {.count = 0};
	char unit[64];
	bool hourly = report->hours.count <= REPORT_HOURS && report->days.count <= 3;
	count_map_sort_names(&report->days);
	if (!gather(&plot, hourly ? &report->hours : &report->days, hourly ? TIME_HOUR : TIME_DAY)) {
		buf_add_text(html, "<p>There is no decision in this report.</p>");
		return;
	}
	const char *name = unit_name(&plot, unit);
	buf_printf(html,
		   "<p>Interventions per %s (UTC).</p>\n<div class=\"plot scroll\" tabindex=\"0\" "
		   "role=\"region\" "
		   "aria-label=\"Plot of interventions over time\"><svg viewBox=\"0 0 %d %d\" role=\"img\" "
		   "aria-labelledby=\"plot-t plot-d\"><title id=\"plot-t\">Interventions per %s</title>"
		   "<desc id=\"plot-d\">%zu bars; ",
		   name, WIDTH, HEIGHT, name, plot.count);
	html_count(html, report->interventions);
	buf_add_text(html, " interventions in all. The table below has the numbers.</desc>");
	add_axis(html, &plot);
	add_bars(html, &plot);
	buf_add_text(
		html,
		"</svg></div>\n<ul class=\"legend\"><li><svg viewBox=\"0 0 8 8\" aria-hidden=\"true\">"
		"<rect class=\"done\" width=\"8\" height=\"8\"/></svg>took effect</li><li><svg "
		"viewBox=\"0 0 8 8\" aria-hidden=\"true\"><rect class=\"seen\" width=\"8\" height=\"8\"/>"
		"</svg>observed only</li></ul>\n");
}
