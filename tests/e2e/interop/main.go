// SPDX-License-Identifier: Apache-2.0

// A second gRPC stack for tests/e2e/interop_test.py: grpc-go, as Debian packages it, which shares no code with the
// C core. It does what interop_stack.py does with python3-grpcio; the test describes both.
//
//	interop serve SOCKET    a recommender; one JSON line on stdout for each call that has ended
//	interop call SOCKET     reads cases, one JSON line each, and writes what it saw of each as one JSON line
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"log"
	"net"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	_ "google.golang.org/grpc/encoding/gzip"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/stats"
	"google.golang.org/grpc/status"
)

const longest = 64 << 20

// A pair of metadata; the value of a name that ends in -bin is hexadecimal.
type pair [2]string

// What the recommender does, as the application wrote it into a message.
type script struct {
	Sizes       []int   `json:"sizes"`    // responses of so many bytes
	Sum         bool    `json:"sum"`      // a response: how many bytes were received
	Initial     []pair  `json:"initial"`  // metadata
	SendInitial bool    `json:"early"`    // the initial metadata leave at once
	Trailing    []pair  `json:"trailing"` // metadata
	Status      int     `json:"status"`
	Text        string  `json:"text"`
	End         bool    `json:"end"`    // the call ends here, whatever the application still sends
	Hold        bool    `json:"hold"`   // until the application gives up
	Fails       int     `json:"fails"`  // only so many attempts of a retried call end with the status
	AtEnd       *script `json:"at_end"` // when the application has half-closed
}

// What the application does.
type scenario struct {
	Name     string    `json:"name"`
	Method   string    `json:"method"`
	Kind     string    `json:"kind"` // unary, all, each, open: see call
	Metadata []pair    `json:"metadata"`
	Gzip     bool      `json:"gzip"`
	Timeout  int       `json:"timeout_ms"`
	Send     []request `json:"send"`
	Cancel   int       `json:"cancel"` // after so many responses; -1: never
}

type request struct {
	Script *script `json:"script"`
	Size   int     `json:"size"`
}

// One side's view of a call.
type record struct {
	Case     string   `json:"case"`
	Method   string   `json:"method"`
	Messages [][2]int `json:"messages"` // length, CRC-32
	Packed   []bool   `json:"packed"`   // arrived shorter than they are
	Encoding string   `json:"encoding"` // grpc-encoding
	Metadata []pair   `json:"metadata"`
	Initial  []pair   `json:"initial"`
	Trailing []pair   `json:"trailing"`
	Code     int      `json:"code"`
	Text     string   `json:"text"`
	Left     int      `json:"left_ms"`    // of the deadline, when the call arrived; -1: none
	Ended    int64    `json:"ended_us"`   // Unix time
	Gave     int64    `json:"gave_up_us"` // Unix time of the application's cancellation
	lock     sync.Mutex
}

func (r *record) add(message []byte) {
	r.Messages = append(r.Messages, [2]int{len(message), int(crc32.ChecksumIEEE(message))})
}

// ---- messages: field 6 of the canonical request and response, a text; no field at all when it is empty ----

func wrap(text []byte) []byte {
	if len(text) == 0 {
		return nil
	}
	out := []byte{6<<3 | 2}
	rest := len(text)
	for ; rest > 127; rest >>= 7 {
		out = append(out, byte(rest&127|128))
	}
	return append(append(out, byte(rest)), text...)
}

func unwrap(message []byte) []byte {
	at := 1
	for at < len(message) && message[at] > 127 {
		at++
	}
	if at+1 > len(message) {
		return nil
	}
	return message[at+1:]
}

func filler(size int) []byte {
	return []byte(strings.Repeat("abcdefghijklmnopqrstuvwxyz", size/26+1)[:size])
}

func (one request) message() []byte {
	var text []byte
	if one.Script != nil {
		text, _ = json.Marshal(one.Script)
	}
	for len(text) < one.Size {
		text = append(text, ' ')
	}
	return wrap(text)
}

// ---- metadata ----

func decode(pairs []pair) metadata.MD {
	md := metadata.MD{}
	for _, one := range pairs {
		value := one[1]
		if strings.HasSuffix(one[0], "-bin") {
			raw, _ := hex.DecodeString(value)
			value = string(raw)
		}
		md.Append(one[0], value)
	}
	return md
}

// Sorted by name; values of one name in their order.
func encode(md metadata.MD) []pair {
	pairs := []pair{}
	for name, values := range md {
		for _, value := range values {
			if strings.HasSuffix(name, "-bin") {
				value = hex.EncodeToString([]byte(value))
			}
			pairs = append(pairs, pair{name, value})
		}
	}
	sort.SliceStable(pairs, func(i, j int) bool { return pairs[i][0] < pairs[j][0] })
	return pairs
}

// ---- bytes as they are; what the library saw of compression ----

type raw struct{}

func (raw) Marshal(from interface{}) ([]byte, error) { return *from.(*[]byte), nil }
func (raw) Unmarshal(data []byte, to interface{}) error {
	*to.(*[]byte) = append([]byte{}, data...)
	return nil
}
func (raw) Name() string   { return "raw" }
func (raw) String() string { return "raw" }

type recordKey struct{}

func recordOf(ctx context.Context) *record {
	r, _ := ctx.Value(recordKey{}).(*record)
	return r
}

type observer struct{}

func (observer) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context {
	if recordOf(ctx) == nil {
		ctx = context.WithValue(ctx, recordKey{}, &record{Left: -1})
	}
	return ctx
}

func (observer) HandleRPC(ctx context.Context, event stats.RPCStats) {
	r := recordOf(ctx)
	r.lock.Lock()
	defer r.lock.Unlock()
	switch seen := event.(type) {
	case *stats.InHeader:
		r.Encoding = seen.Compression
	case *stats.InPayload:
		r.Packed = append(r.Packed, seen.WireLength < seen.Length)
	}
}

func (observer) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (observer) HandleConn(context.Context, stats.ConnStats)                       {}

// ---- the recommender ----

type server struct {
	out  *json.Encoder
	lock sync.Mutex
}

func attempts(md metadata.MD) int {
	n := 0
	for _, text := range md.Get("grpc-previous-rpc-attempts") {
		fmt.Sscan(text, &n)
	}
	return n
}

// Does what the script says. over: the call ends with this error.
func play(stream grpc.ServerStream, what *script, r *record, md metadata.MD) (over bool, err error) {
	failing := what.Fails == 0 || attempts(md) < what.Fails
	if len(what.Initial) > 0 {
		stream.SetHeader(decode(what.Initial))
	}
	if what.SendInitial {
		if err := stream.SendHeader(nil); err != nil {
			return true, err
		}
	}
	if len(what.Trailing) > 0 {
		stream.SetTrailer(decode(what.Trailing))
	}
	if what.Status != 0 && failing && what.Fails != 0 {
		return true, status.Error(codes.Code(what.Status), what.Text)
	}
	send := func(text []byte) error {
		message := wrap(text)
		return stream.SendMsg(&message)
	}
	for _, size := range what.Sizes {
		if err := send(filler(size)); err != nil {
			return true, err
		}
	}
	if what.Sum {
		total := 0
		for _, one := range r.Messages {
			total += one[0]
		}
		if err := send([]byte(fmt.Sprint(total))); err != nil {
			return true, err
		}
	}
	if what.Hold {
		<-stream.Context().Done()
		return true, status.FromContextError(stream.Context().Err()).Err()
	}
	if what.Status != 0 && what.Fails == 0 {
		return true, status.Error(codes.Code(what.Status), what.Text)
	}
	return what.End, nil
}

func converse(stream grpc.ServerStream, r *record, md metadata.MD) error {
	var atEnd *script
	for _, text := range md.Get("x-script") {
		var what script
		json.Unmarshal([]byte(text), &what)
		if over, err := play(stream, &what, r, md); over {
			return err
		}
	}
	for {
		var message []byte
		err := stream.RecvMsg(&message)
		if err == io.EOF {
			if atEnd != nil {
				_, err := play(stream, atEnd, r, md)
				return err
			}
			return nil
		}
		if err != nil {
			return err
		}
		r.add(message)
		what := script{}
		if text := unwrap(message); len(text) > 0 {
			if err := json.Unmarshal(text, &what); err != nil {
				return status.Error(codes.InvalidArgument, err.Error())
			}
		} else {
			what.Sizes = []int{0}
		}
		if what.AtEnd != nil {
			atEnd = what.AtEnd
		}
		if over, err := play(stream, &what, r, md); over {
			return err
		}
	}
}

func (s *server) handle(_ interface{}, stream grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(stream)
	md, _ := metadata.FromIncomingContext(stream.Context())
	r := recordOf(stream.Context())
	for _, name := range md.Get("x-case") {
		r.Case = name
	}
	r.Method, r.Metadata = method, encode(md)
	if deadline, ok := stream.Context().Deadline(); ok {
		r.Left = int(time.Until(deadline).Milliseconds())
	}
	var err error
	if strings.Contains(method, "Unimplemented") {
		err = status.Error(codes.Unimplemented, "unknown method")
	} else {
		if echo := md.Get("x-grpc-test-echo-initial"); len(echo) > 0 {
			stream.SetHeader(metadata.MD{"x-grpc-test-echo-initial": echo})
		}
		if echo := md.Get("x-grpc-test-echo-trailing-bin"); len(echo) > 0 {
			stream.SetTrailer(metadata.MD{"x-grpc-test-echo-trailing-bin": echo})
		}
		err = converse(stream, r, md)
	}
	r.Ended = time.Now().UnixNano() / 1000
	r.Code = int(status.Code(err))
	s.lock.Lock()
	defer s.lock.Unlock()
	r.lock.Lock()
	defer r.lock.Unlock()
	s.out.Encode(r)
	return err
}

func serve(socket string) {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		log.Fatal(err)
	}
	s := &server{out: json.NewEncoder(os.Stdout)}
	s.out.Encode("listening")
	go func() { // ends with the test that started it
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	log.Fatal(grpc.NewServer(grpc.CustomCodec(raw{}), grpc.UnknownServiceHandler(s.handle),
		grpc.StatsHandler(observer{}), grpc.MaxRecvMsgSize(longest), grpc.MaxSendMsgSize(longest)).Serve(listener))
}

// ---- the application ----

// Retries belong to the application: two more attempts when a call ends UNAVAILABLE.
const retries = `{"methodConfig": [{"name": [{}], "retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.001s",
	"maxBackoff": "0.01s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}}]}`

func dial(socket string) *grpc.ClientConn {
	conn, err := grpc.Dial("passthrough:///localhost", grpc.WithInsecure(), grpc.WithAuthority("localhost"),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}),
		grpc.WithDefaultCallOptions(grpc.ForceCodec(raw{}), grpc.MaxCallRecvMsgSize(longest),
			grpc.MaxCallSendMsgSize(longest)),
		grpc.WithStatsHandler(observer{}), grpc.WithDefaultServiceConfig(retries))
	if err != nil {
		log.Fatal(err)
	}
	return conn
}

type conversation struct {
	scenario
	stream grpc.ClientStream
	cancel context.CancelFunc
	r      *record
}

func (c *conversation) giveUp() {
	if c.Cancel == len(c.r.Messages) {
		c.r.Gave = time.Now().UnixNano() / 1000
		c.cancel()
	}
}

func (c *conversation) receive() error {
	var message []byte
	err := c.stream.RecvMsg(&message)
	if err == nil {
		c.r.add(message)
		c.giveUp()
	}
	return err
}

// all: sends everything, half-closes, reads to the end. each: reads after each request as many responses as its
// script has sizes. open: like each, and never half-closes. A script in the metadata is heard first.
func (c *conversation) converse() error {
	heard := 0
	for _, one := range c.Metadata {
		var what script
		if one[0] == "x-script" && json.Unmarshal([]byte(one[1]), &what) == nil {
			heard = len(what.Sizes)
			if what.SendInitial {
				c.stream.Header()
			}
		}
	}
	for ; heard > 0; heard-- {
		if err := c.receive(); err != nil {
			return err
		}
	}
	for _, one := range c.Send {
		message := one.message()
		if err := c.stream.SendMsg(&message); err != nil {
			break // the status tells why
		}
		for i := 0; c.Kind != "all" && one.Script != nil && i < len(one.Script.Sizes); i++ {
			if err := c.receive(); err != nil {
				return err
			}
		}
	}
	c.giveUp()
	if c.Kind != "open" {
		c.stream.CloseSend()
	}
	for {
		if err := c.receive(); err != nil {
			return err
		}
	}
}

func call(conn *grpc.ClientConn, one scenario) *record {
	r := &record{Case: one.Name, Left: -1}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	if one.Timeout > 0 {
		ctx, cancel = context.WithTimeout(context.Background(), time.Duration(one.Timeout)*time.Millisecond)
	}
	defer cancel()
	ctx = metadata.NewOutgoingContext(context.WithValue(ctx, recordKey{}, r),
		metadata.Join(decode(one.Metadata), metadata.MD{"x-case": {one.Name}}))
	options := []grpc.CallOption{}
	if one.Gzip {
		options = append(options, grpc.UseCompressor("gzip"))
	}
	var initial, trailing metadata.MD
	var err error
	if one.Kind == "unary" {
		message, answer := one.Send[0].message(), []byte(nil)
		err = conn.Invoke(ctx, one.Method, &message, &answer,
			append(options, grpc.Header(&initial), grpc.Trailer(&trailing))...)
		if err == nil {
			r.add(answer)
		}
	} else {
		c := &conversation{scenario: one, cancel: cancel, r: r}
		c.stream, err = conn.NewStream(ctx, &grpc.StreamDesc{ClientStreams: true, ServerStreams: true},
			one.Method, options...)
		if err == nil {
			err = c.converse()
			initial, _ = c.stream.Header()
			trailing = c.stream.Trailer()
		}
		if err == io.EOF {
			err = nil
		}
	}
	r.lock.Lock()
	defer r.lock.Unlock()
	r.Ended = time.Now().UnixNano() / 1000
	r.Initial, r.Trailing = encode(initial), encode(trailing)
	r.Code, r.Text = int(status.Code(err)), status.Convert(err).Message()
	return r
}

func callAll(socket string) {
	conn := dial(socket)
	in, out := bufio.NewReader(os.Stdin), json.NewEncoder(os.Stdout)
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return
		}
		var one scenario
		if err := json.Unmarshal(line, &one); err != nil {
			log.Fatal(err)
		}
		out.Encode(call(conn, one))
	}
}

func main() {
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		serve(os.Args[2])
	} else if len(os.Args) == 3 && os.Args[1] == "call" {
		callAll(os.Args[2])
	} else {
		log.Fatal("usage: interop serve|call SOCKET")
	}
}
