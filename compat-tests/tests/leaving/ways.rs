//! The ways in which a client leaves, each with what the others do before and behind it.

use crate::scene::Step::{self, *};

/// One way.
pub struct Way {
    pub name: &'static str,
    pub steps: &'static [Step],
}

macro_rules! get {
    ($path:literal) => {
        Sends(concat!("GET ", $path, " HTTP/1.1\r\nHost: a\r\n\r\n"))
    };
}

/// A request whose body has 10,000 bytes.
macro_rules! post {
    ($path:literal) => {
        Sends(concat!("POST ", $path, " HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n"))
    };
}

macro_rules! ways {
    ($($name:literal: $($step:expr),+;)+) => {
        /// Every way.
        pub fn all() -> Vec<Way> {
            vec![$(Way { name: $name, steps: &[$($step),+] }),+]
        }
    };
}

/// An answer of 10,000 bytes.
const HEAD: Step = Answers("HTTP/1.1 200 OK\r\nContent-Length: 10000\r\n\r\n");
/// More than all buffers hold, those of the kernel among them.
const LARGE_HEAD: Step = Answers("HTTP/1.1 200 OK\r\nContent-Length: 20000000\r\n\r\n");
const CHUNKED: Step = Answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nbb8\r\n");
const ENDLESS: Step = Answers("HTTP/1.1 200 OK\r\n\r\n");
const EMPTY: Step = Answers("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
const SWITCHED: Step = Answers("HTTP/1.1 101 Switching Protocols\r\nUpgrade: words\r\nConnection: upgrade\r\n\r\n");

ways! {
    "before a byte": Leaves;
    "before a byte, by reset": Resets;
    "within the request line": Sends("GET /pl"), Leaves;
    "within the request line, by reset": Sends("GET /pl"), Resets;
    "within the request line, by half": Sends("GET /pl"), HalfCloses;
    "within the head": Sends("GET /plain HTTP/1.1\r\nHost:"), Leaves;
    "within the head, by reset": Sends("GET /plain HTTP/1.1\r\nHost:"), Resets;
    "between two requests": get!("/returned"), Hears("words\n"), Leaves;
    "between two requests, by reset": get!("/returned"), Hears("words\n"), Resets;
    "within the second head": get!("/returned"), Hears("words\n"), Sends("GET /"), Leaves;

    "within a body": post!("/plain"), SendsMany(100), Leaves, IsAsked;
    "within a body, by reset": post!("/plain"), SendsMany(100), Resets, IsAsked;
    "within a body, by half": post!("/plain"), SendsMany(100), HalfCloses, IsAsked;
    "within a body that lies in its file": post!("/plain"), SendsMany(9000), Leaves, IsAsked;
    "within a body that lies in its file, by reset": post!("/plain"), SendsMany(9000), Resets, IsAsked;
    "within a body that has to lie in a file": post!("/in-file"), SendsMany(100), Leaves, IsAsked;
    "within chunks":
        Sends("POST /plain HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"), Leaves, IsAsked;
    "within a body that is ignored": post!("/ignored"), SendsMany(100), Leaves, IsAsked;
    "within a body that is too large": post!("/refusing"), SendsMany(100), Leaves, IsAsked;
    "within a body that is thrown away": post!("/returned"), SendsMany(100), Hears("words\n"), Leaves;
    "within a body that becomes a file":
        Sends("PUT /uploaded HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n"), SendsMany(9000), Leaves;
    "within a body that is streamed": post!("/streamed"), SendsMany(100), Accepts, Takes(100), Leaves, Ends;
    "within a body that is streamed, by reset": post!("/streamed"), SendsMany(100), Accepts, Takes(100), Resets, Ends;
    "within a body that is streamed, by half": post!("/streamed"), SendsMany(100), Accepts, Takes(100), HalfCloses, Ends;
    "within chunks that are streamed":
        Sends("POST /streamed HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n"),
        Accepts, Takes(10), Leaves, Ends;
    "within a body that is streamed, although clients are ignored":
        post!("/ignored-streamed"), SendsMany(100), Accepts, Takes(100), Leaves, Ends;
    "within a body that is streamed, behind the answer":
        post!("/streamed"), SendsMany(100), Accepts, Takes(100), HEAD, AnswersMany(10_000), Hears("x"), Leaves, Ends;
    "before a streamed body begins": post!("/streamed"), Accepts, Leaves, Ends;

    "while connecting": get!("/full"), Leaves, IsAsked;
    "while connecting, by reset": get!("/full"), Resets, IsAsked;
    "while a name is sought": get!("/named?name=nowhere.test"), Leaves, IsAsked;
    "while a name is sought, by reset": get!("/named?name=nowhere.test"), Resets, IsAsked;
    "behind a refusal": get!("/refused"), Hears("</html>\r\n"), Leaves;
    "while it has to wait":
        get!("/delayed"), Accepts, EMPTY, Hears("\r\n\r\n"), get!("/delayed"), Leaves, IsAsked;
    "while it has to wait, by reset":
        get!("/delayed"), Accepts, EMPTY, Hears("\r\n\r\n"), get!("/delayed"), Resets, IsAsked;

    "before the answer": get!("/plain"), Accepts, Leaves, Ends;
    "before the answer, by reset": get!("/plain"), Accepts, Resets, Ends;
    "before the answer, by half": get!("/plain"), Accepts, HalfCloses, Ends;
    "before the answer, by HTTP/1.0": Sends("GET /plain HTTP/1.0\r\n\r\n"), Accepts, Leaves, Ends;
    "before the answer, by a unix socket": ComesByUnix, get!("/plain"), Accepts, Leaves, Ends;
    "before the answer, by a unix socket, by half": ComesByUnix, get!("/plain"), Accepts, HalfCloses, Ends;
    "before the answer, by a unix socket, a second request unread behind it":
        ComesByUnix, get!("/plain"), Accepts, get!("/returned"), Leaves, Ends;
    "before the answer, unbuffered": get!("/unbuffered"), Accepts, Leaves, Ends;
    "before the answer, a second request behind it":
        Sends("GET /plain HTTP/1.1\r\nHost: a\r\n\r\nGET /returned HTTP/1.1\r\nHost: a\r\n\r\n"), Accepts, Leaves, Ends;
    "before the answer, a second request unread behind it":
        get!("/plain"), Accepts, get!("/returned"), Leaves, Ends;
    "before the answer, a second request unread behind it, by reset":
        get!("/plain"), Accepts, get!("/returned"), Resets, Ends;
    "before the answer, a second request unread behind it, by half":
        get!("/plain"), Accepts, get!("/returned"), HalfCloses, Ends;
    "before the answer, a second request unread behind it, ignored":
        get!("/ignored"), Accepts, get!("/returned"), HalfCloses, Ends, EMPTY, Hears("\r\n\r\n"), Hears("words\n");
    "within the answer, a second request unread behind it":
        get!("/plain"), Accepts, HEAD, AnswersMany(5000), Hears("xxxx"), get!("/returned"), Leaves, Ends;
    "behind the answer, a second request unread during it":
        get!("/plain"), Accepts, get!("/plain"), Ends, EMPTY, Hears("\r\n\r\n"), Accepts, Leaves, Ends;
    "while it has to wait, a second request unread behind it":
        get!("/delayed"), Accepts, EMPTY, Hears("\r\n\r\n"), get!("/delayed"), IsAsked, get!("/returned"), Leaves, IsAsked;
    "while connecting, a second request unread behind it": get!("/full"), IsAsked, get!("/returned"), Leaves, IsAsked;
    "before the answer, behind a body": post!("/plain"), SendsMany(10_000), Accepts, Takes(10_000), Leaves, Ends;
    "before the answer, behind a body in a file":
        post!("/in-file"), SendsMany(10_000), Accepts, Takes(10_000), Leaves, Ends;
    "before the answer, behind a streamed body":
        post!("/streamed"), SendsMany(10_000), Accepts, Takes(10_000), Leaves, Ends;
    "before the answer, with a kept connection": get!("/kept"), Accepts, Leaves, Ends;
    "before the answer, behind one on a kept connection":
        get!("/kept"), Accepts, EMPTY, Hears("\r\n\r\n"), get!("/kept"), Leaves, Ends;
    "before the answer of the first of two": get!("/two"), Accepts, Leaves, Ends, IsAsked;
    "before the answer of the second of two": get!("/two"), Accepts, Closes, Accepts, Leaves, Ends, IsAsked;
    "before the answer that is stored": get!("/stored"), Accepts, Leaves, Ends, HEAD, AnswersMany(10_000), Ends;
    "before the answer of an error's page": get!("/again"), Accepts, Closes, Accepts, Leaves, Ends;
    "within the head of the answer": get!("/plain"), Accepts, Answers("HTTP/1.1 200 OK\r\nX-"), Leaves, Ends;

    "before the answer, ignored": get!("/ignored"), Accepts, Leaves, Ends, HEAD, AnswersMany(10_000), Ends;
    "before the answer, ignored, by reset": get!("/ignored"), Accepts, Resets, Ends, HEAD, AnswersMany(10_000), Ends;
    "before the answer, ignored and unbuffered":
        get!("/ignored-unbuffered"), Accepts, Leaves, Ends, HEAD, Ends, AnswersMany(3000), Ends, AnswersMany(7000), Ends;
    "before the answer, ignored and unbuffered, by reset":
        get!("/ignored-unbuffered"), Accepts, Resets, Ends, HEAD, Ends, AnswersMany(3000), Ends, AnswersMany(7000), Ends;
    "before the answer in pieces, ignored":
        get!("/ignored"), Accepts, Leaves, Ends, HEAD, AnswersMany(5000), Ends, AnswersMany(5000), Ends;
    "before the answer in pieces, ignored, by reset":
        get!("/ignored"), Accepts, Resets, Ends, HEAD, AnswersMany(5000), Ends, AnswersMany(5000), Ends;
    "within the answer, ignored":
        get!("/ignored"), Accepts, HEAD, AnswersMany(5000), Hears("xxxx"), Leaves, Ends, AnswersMany(5000), Ends;
    "within the answer, ignored, by reset":
        get!("/ignored"), Accepts, HEAD, AnswersMany(5000), Hears("xxxx"), Resets, Ends, AnswersMany(5000), Ends;
    "within a large answer, ignored":
        get!("/ignored"), Accepts, LARGE_HEAD, AnswersMany(9_000_000), Hears("xxxx"), Resets, Ends, Closes;

    "within the answer": get!("/plain"), Accepts, HEAD, AnswersMany(5000), Hears("xxxx"), Leaves, Ends;
    "within the answer, by reset": get!("/plain"), Accepts, HEAD, AnswersMany(5000), Hears("xxxx"), Resets, Ends;
    "within the answer, by half": get!("/plain"), Accepts, HEAD, AnswersMany(5000), Hears("xxxx"), HalfCloses, Ends;
    "within the answer, by HTTP/1.0":
        Sends("GET /plain HTTP/1.0\r\n\r\n"), Accepts, HEAD, AnswersMany(5000), Hears("xxxx"), Leaves, Ends;
    "within the answer, unbuffered":
        get!("/unbuffered"), Accepts, HEAD, Hears("\r\n\r\n"), AnswersMany(3000), Hears("xxxx"), Leaves, Ends, AnswersMany(100), Ends;
    "within the answer, unbuffered, by reset":
        get!("/unbuffered"), Accepts, HEAD, Hears("\r\n\r\n"), AnswersMany(3000), Hears("xxxx"), Resets, Ends;
    "within an answer of chunks": get!("/unbuffered"), Accepts, CHUNKED, AnswersMany(3000), Hears("xxxx"), Leaves, Ends;
    "within an answer without length": get!("/plain"), Accepts, ENDLESS, AnswersMany(5000), Hears("xxxx"), Leaves, Ends;
    "within the answer, with a kept connection":
        get!("/kept"), Accepts, HEAD, AnswersMany(5000), Hears("xxxx"), Leaves, Ends;
    "within the answer that is stored":
        get!("/stored"), Accepts, HEAD, AnswersMany(5000), Hears("xxxx"), Leaves, Ends, AnswersMany(5000), Ends;
    "within an answer that waits for its client":
        get!("/in-memory"), Accepts, LARGE_HEAD, AnswersMany(100_000), Hears("xxxx"), Resets, Ends;
    "within an answer that lies in its file":
        get!("/slowly"), Accepts, LARGE_HEAD, AnswersMany(2_000_000), Hears("xxxx"), HalfCloses, Ends;
    "within an answer that lies in its file, by reset":
        get!("/slowly"), Accepts, LARGE_HEAD, AnswersMany(2_000_000), Hears("xxxx"), Resets, Ends;
    "within an answer that lies whole in its file":
        Sends("GET /slowly HTTP/1.0\r\n\r\n"), Accepts, Answers("HTTP/1.0 200 OK\r\n\r\n"), AnswersMany(500_000), Closes,
        Hears("xxxx"), Resets;
    "within a file": get!("/large"), Hears("xxxx"), Resets;
    "within a file that is slow": get!("/slow"), Hears("xxxx"), Leaves;
    "within a file that is slow, by reset": get!("/slow"), Hears("xxxx"), Resets;
    "behind the answer": get!("/plain"), Accepts, EMPTY, Hears("\r\n\r\n"), Leaves, Ends;

    "not at all from a tunnel that it does not read":
        Sends("GET /unread HTTP/1.1\r\nHost: a\r\nUpgrade: words\r\n\r\n"), Accepts, SWITCHED, Hears("\r\n\r\n"),
        AnswersMany(20_000_000), Leaves, Ends;
    "behind a switch of protocols":
        Sends("GET /upgraded HTTP/1.1\r\nHost: a\r\nUpgrade: words\r\n\r\n"), Accepts, SWITCHED, Hears("\r\n\r\n"),
        Sends("hello"), Takes(5), Leaves, Ends;
    "behind a switch of protocols, by reset":
        Sends("GET /upgraded HTTP/1.1\r\nHost: a\r\nUpgrade: words\r\n\r\n"), Accepts, SWITCHED, Hears("\r\n\r\n"),
        Sends("hello"), Takes(5), Resets, Ends;
    "behind a switch of protocols, by half":
        Sends("GET /upgraded HTTP/1.1\r\nHost: a\r\nUpgrade: words\r\n\r\n"), Accepts, SWITCHED, Hears("\r\n\r\n"),
        Sends("hello"), Takes(5), HalfCloses, Ends;
    "before a switch of protocols":
        Sends("GET /upgraded HTTP/1.1\r\nHost: a\r\nUpgrade: words\r\n\r\n"), Accepts, Leaves, Ends;

    "before the answer of a part": get!("/page.shtml"), Accepts, Leaves, Ends;
    "before the answer of a part, by reset": get!("/page.shtml"), Accepts, Resets, Ends;
    "within the answer of a part":
        get!("/page.shtml"), Accepts, HEAD, AnswersMany(5000), Hears("xxxx"), Leaves, Ends;
    "before the answer of two parts": get!("/pages.shtml"), Accepts, Leaves, Ends, IsAsked;
    "before the answer that is added": get!("/added"), Accepts, Leaves, Ends;
    "before the answer that authorizes": get!("/authorized"), Accepts, Leaves, Ends;
    "before the answer that authorizes, by reset": get!("/authorized"), Accepts, Resets, Ends;
    "before the answer of a mirror": get!("/mirrored"), Accepts, Leaves, Ends;
    "before the first slice": get!("/sliced"), Accepts, Leaves, Ends;
    "within the first slice": get!("/sliced"), Accepts,
        Answers("HTTP/1.1 206 Partial Content\r\nContent-Length: 102400\r\nContent-Range: bytes 0-102399/300000\r\n\r\n"),
        AnswersMany(5000), Hears("xxxx"), Leaves, Ends, IsAsked;
}
