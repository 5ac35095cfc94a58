// SPDX-License-Identifier: Apache-2.0
//
// Search and paging over the entries that the page holds. Text from the log becomes text nodes, never markup.
// The data's form is described in audit/export_html_rows.c.
"use strict";
(() => {
	const PAGE = 25;
	const INDEX = 1, LEAVES = 2, TIME = 3, TYPE = 4, MEMBERS = 5, INTERVENTIONS = 6;
	const read = (id) => document.getElementById(id).textContent;
	const words = JSON.parse(read("words")), logs = JSON.parse(read("logs"));
	const lines = read("rows").split("\n").filter((line) => line.length > 0);
	const rows = lines.map((line) => JSON.parse(line));
	const text = (value) => (typeof value === "number" ? words[value] : value);
	const pairs = (list) => {
		const found = [];
		for (let i = 0; i < list.length; i += 2)
			found.push([text(list[i]), text(list[i + 1])]);
		return found;
	};
	const member = (list, name) => (pairs(list).find(([key]) => key === name) || ["", ""])[1];

	const make = (tag, attributes, ...children) => {
		const element = document.createElement(tag);
		for (const [name, value] of Object.entries(attributes || {}))
			element.setAttribute(name, value);
		element.append(...children);
		return element;
	};
	const name = (value) => make("bdi", {}, value === null ? "none" : String(value));

	// What is searched: everything that a row shows, in lower case; made once for each row, when it is needed.
	const hay = new Array(rows.length);
	const haystack = (i) => {
		if (hay[i] === undefined) {
			const row = rows[i];
			const parts = [row[INDEX], row[TIME], text(row[TYPE])];
			for (const [key, value] of pairs(row[MEMBERS]))
				parts.push(key, value);
			for (const [members, , ids, before, after] of row[INTERVENTIONS])
				parts.push(...pairs(members).map((pair) => pair[1]), ...ids, ...before, ...after);
			hay[i] = parts.join("\n").toLowerCase();
		}
		return hay[i];
	};

	const details = (list) => {
		const dl = make("dl");
		for (const [key, value] of pairs(list))
			dl.append(make("div", {}, make("dt", {}, name(key)), make("dd", {}, name(value))));
		return dl;
	};
	const targets = (count, ids, before, after) => {
		const body = make("tbody");
		ids.forEach((id, i) => body.append(make("tr", {}, make("th", { scope: "row" }, name(id)),
			make("td", {}, name(before[i])), make("td", {}, name(after[i])))));
		const head = make("tr");
		for (const title of ["Target", "Before", "After"])
			head.append(make("th", { scope: "col" }, title));
		const table = make("table", {}, make("caption", {}, "Targets, before and after"), make("thead", {}, head), body);
		return count > ids.length ? [table, make("p", {}, `${count - ids.length} more targets are in the log.`)] : [table];
	};
	const intervention = ([members, count, ids, before, after, evidence]) => {
		const section = make("section", { class: "intervention" },
			make("h3", {}, name(member(members, "rule")), " ", make("span", { class: "action" }, member(members, "action"))));
		if (count > 0)
			section.append(...targets(count, ids, before, after));
		section.append(details(members));
		if (evidence.length > 0)
			section.append(make("p", {}, `Because of entries ${evidence.join(", ")}.`));
		return section;
	};
	const fill = (row, into) => {
		if (logs.length > 1)
			into.append(make("p", {}, "Log ", name(logs[row[0] - 1])));
		if (row[LEAVES] > 1)
			into.append(make("p", {}, `Written in ${row[LEAVES]} parts.`));
		for (const one of row[INTERVENTIONS])
			into.append(intervention(one));
		into.append(details(row[MEMBERS]));
	};
	const item = (row) => {
		const what = make("span", { class: "what" });
		row[INTERVENTIONS].forEach(([members], i) => what.append(i > 0 ? "; " : "", name(member(members, "rule")), " ",
			make("span", { class: "action" }, member(members, "action"))));
		if (row[INTERVENTIONS].length === 0)
			what.append(name(member(row[MEMBERS], "kind")));
		const body = make("div", { class: "entry" });
		const box = make("details", {}, make("summary", {}, make("span", { class: "index" }, String(row[INDEX])), " ",
			make("span", { class: "type" }, text(row[TYPE])), " ", what, " ",
			make("time", {}, row[TIME].slice(0, 19).replace("T", " ") + " UTC")), body);
		box.addEventListener("toggle", () => {
			if (box.open && body.childNodes.length === 0)
				fill(row, body);
		});
		return make("li", {}, box);
	};

	// The form
	const choices = (label, values) => {
		const select = make("select", {}, make("option", { value: "" }, "all"));
		for (const value of [...values].sort())
			select.append(make("option", { value }, value));
		return [make("label", {}, label, select), select];
	};
	const seen = { type: new Set(), rule: new Set(), action: new Set() };
	for (const row of rows) {
		seen.type.add(text(row[TYPE]));
		for (const [members] of row[INTERVENTIONS]) {
			seen.rule.add(member(members, "rule"));
			seen.action.add(member(members, "action"));
		}
	}
	const input = make("input", { type: "search", autocomplete: "off", spellcheck: "false" });
	const [typeLabel, type] = choices("Type of entry", seen.type);
	const [ruleLabel, rule] = choices("Rule", seen.rule);
	const [actionLabel, action] = choices("Action", seen.action);
	const status = make("p", { role: "status", "aria-live": "polite" });
	const list = make("ol", { class: "entries" });
	const button = (title, go) => {
		const made = make("button", { type: "button" }, title);
		made.addEventListener("click", go);
		return made;
	};
	let found = rows.map((_, i) => i), page = 0;
	const pages = () => Math.max(1, Math.ceil(found.length / PAGE));
	const turn = (to) => {
		page = Math.min(Math.max(to, 0), pages() - 1);
		show();
	};
	const first = button("Newest", () => turn(0)), back = button("Newer", () => turn(page - 1));
	const next = button("Older", () => turn(page + 1)), last = button("Oldest", () => turn(pages() - 1));
	const show = () => {
		const from = page * PAGE, shown = found.slice(from, from + PAGE), number = (n) => n.toLocaleString("en");
		list.replaceChildren(...shown.map((i) => item(rows[i])));
		status.textContent = found.length === 0 ? "No entry matches." :
			`${number(from + 1)} to ${number(from + shown.length)} of ${number(found.length)} entries` +
			(found.length < rows.length ? ` that match, of ${number(rows.length)}` : "") + ", newest first.";
		// Not `disabled`: a button that has the focus would lose it.
		for (const one of [first, back])
			one.setAttribute("aria-disabled", page === 0);
		for (const one of [next, last])
			one.setAttribute("aria-disabled", page === pages() - 1);
	};
	const search = () => {
		const wanted = input.value.toLowerCase().split(/\s+/).filter((word) => word.length > 0);
		found = [];
		rows.forEach((row, i) => {
			if (type.value && text(row[TYPE]) !== type.value)
				return;
			if ((rule.value || action.value) && !row[INTERVENTIONS].some(([members]) =>
				(!rule.value || member(members, "rule") === rule.value) &&
				(!action.value || member(members, "action") === action.value)))
				return;
			if (wanted.every((word) => haystack(i).includes(word)))
				found.push(i);
		});
		page = 0;
		show();
	};
	let waiting = 0;
	input.addEventListener("input", () => {
		clearTimeout(waiting);
		waiting = setTimeout(search, 200);
	});
	for (const select of [type, rule, action])
		select.addEventListener("change", search);
	const form = document.getElementById("search");
	form.setAttribute("role", "search");
	form.append(make("div", { class: "fields" }, make("label", {}, "Words: an id, a pseudonym, a locale, a number …", input),
		typeLabel, ruleLabel, actionLabel), make("div", { class: "pages" }, status, first, back, next, last));
	form.hidden = false;
	document.querySelectorAll(".plain").forEach((element) => element.remove());
	document.getElementById("plain").replaceWith(list);
	show();
})();
