//! Texts and their trees, and texts that are wrong with nginx's words for it.

use insta::assert_yaml_snapshot;

use super::parse;
use crate::conf::include::MemoryFiles;
use crate::conf::source::Sources;
use crate::conf::tree::{Directive, Tree};

fn with_tree<T>(files: &[(&str, &str)], command_line: &str, look: impl FnOnce(Tree<'_>) -> T) -> T {
    let sources = Sources::default();
    let files = MemoryFiles::of(files.iter().copied());
    look(parse(&sources, &files, "/etc/nginx/", command_line.as_bytes(), "/etc/nginx/nginx.conf"))
}

fn with_text<T>(text: &str, look: impl FnOnce(Tree<'_>) -> T) -> T {
    with_tree(&[("/etc/nginx/nginx.conf", text)], "", look)
}

/// The words of all directives, blocks and includes opened.
fn words(text: &str) -> Vec<Vec<String>> {
    fn collect(directive: &Directive<'_>, all: &mut Vec<Vec<String>>) {
        all.push(directive.words.iter().map(|word| word.text().into_owned()).collect());
        directive.children().for_each(|child| collect(child, all));
    }
    with_text(text, |tree| {
        assert_eq!(fault(tree), None, "{text}");
        let mut all = Vec::new();
        tree.iter().for_each(|directive| collect(directive, &mut all));
        all
    })
}

fn fault(tree: Tree<'_>) -> Option<String> {
    tree.fault().map(ToString::to_string)
}

fn fault_of(text: &str) -> String {
    with_text(text, fault).unwrap_or_else(|| "none".to_owned()).replace("/etc/nginx/nginx.conf", "F")
}

#[test]
fn directives_blocks_and_places() {
    with_text(
        "user www-data;\nevents {\n}\nhttp {\n  server { # one\n    listen\n 80; location ~ \\.php$ { root '/a b'; } }\n}\n",
        |tree| assert_yaml_snapshot!(tree),
    );
}

#[test]
fn quotes_and_escapes() {
    assert_eq!(
        words(r#"a "b c" 'd;e' "" "f\"g" 'h\'i' "j\nk\tl\\m\.n";"#),
        [["a", "b c", "d;e", "", "f\"g", "h'i", "j\nk\tl\\m\\.n"]]
    );
    assert_eq!(words(r#"a b"c d\;e f\ g h#i \"j \{k;"#), [["a", "b\"c", "d\\;e", "f\\ g", "h#i", "\"j", "\\{k"]]);
    assert_eq!(words("if (\"$a\") {}"), [vec!["if", "(\"$a\")"]]);
    assert_eq!(words("if ( \"a\") {}"), [vec!["if", "(", "a", ")"]]);
}

#[test]
fn a_brace_after_a_dollar_begins_no_block() {
    assert_eq!(words("a ${b}c $d{}"), [vec!["a", "${b}c", "$d"]]);
    assert_eq!(words("a $${b} x$;"), [["a", "$${b}", "x$"]]);
    assert_eq!(words("a \\d{b;}"), [vec!["a", "\\d"], vec!["b"]]);
}

#[test]
fn comments_only_where_a_word_could_begin() {
    assert_eq!(words("# x {\na#b c; # d\n#"), [["a#b", "c"]]);
}

#[test]
fn faults_have_the_words_and_lines_of_nginx() {
    let cases = [
        ("a\nb", "unexpected end of file, expecting \";\" or \"}\" in F:2"),
        ("a {\n\n", "unexpected end of file, expecting \"}\" in F:3"),
        ("a;\n}", "unexpected \"}\" in F:2"),
        ("a }", "unexpected \"}\" in F:1"),
        ("a}", "unexpected end of file, expecting \";\" or \"}\" in F:1"),
        ("a { b }", "unexpected \"}\" in F:1"),
        (";", "unexpected \";\" in F:1"),
        ("\n{", "unexpected \"{\" in F:2"),
        ("a \"b\"c;", "unexpected \"c\" in F:1"),
        ("a 'b'}", "unexpected \"}\" in F:1"),
        ("a \"b;\n\n", "unexpected end of file, expecting \";\" or \"}\" in F:3"),
        ("a \"b\"", "unexpected end of file, expecting \";\" or \"}\" in F:1"),
        ("a \\", "unexpected end of file, expecting \";\" or \"}\" in F:1"),
        ("map $a $b {\n a {", "unexpected \"{\" in F:2"),
    ];
    for (text, expected) in cases {
        assert_eq!(fault_of(text), expected, "{text}");
    }
}

#[test]
fn a_word_and_its_end_fit_in_4096_bytes() {
    let x = |count| "x".repeat(count);
    let none = "none";
    let started = "too long parameter \"xxxxxxxxxx...\" started in F:2";
    let quote = "too long parameter, probably missing terminating \"\"\" character in F:2";
    assert_eq!(fault_of(&format!("a\n{};", x(4095))), none);
    assert_eq!(fault_of(&format!("a\n{};", x(4096))), started);
    assert_eq!(fault_of(&format!("a\n{} ;", x(4094))), none);
    assert_eq!(fault_of(&format!("a\n{} ;", x(4095))), started);
    assert_eq!(fault_of(&format!("a\n\"{}\";", x(4094))), none);
    assert_eq!(fault_of(&format!("a\n\"{}\" ;", x(4093))), none);
    assert_eq!(fault_of(&format!("a\n\"{}\" ;", x(4094))), started);
    assert_eq!(fault_of(&format!("a\n\"{}\";", x(4095))), started);
    assert_eq!(fault_of(&format!("a\n\"{}\n\";", x(4096))), quote);
    assert_eq!(fault_of(&format!("a\n\"{}\n;", x(9000))), quote);
    assert_eq!(fault_of(&format!("#{}\na;", x(4094))), none);
    assert_eq!(fault_of(&format!("\n#{}\na;", x(4095))), started.replace("xx...", "x...").replace("\"x", "\"#x"));
}

#[test]
fn includes_stand_in_their_place() {
    let files = [
        ("/etc/nginx/nginx.conf", "a; include one.conf; http { include conf.d/*.conf; include /none*; z; }"),
        ("/etc/nginx/one.conf", "b;\nmap $x $y { include map; include; }"),
        ("/etc/nginx/map", "k v;\n"),
        ("/etc/nginx/conf.d/2.conf", "d {\n}"),
        ("/etc/nginx/conf.d/1.conf", "c;"),
    ];
    with_tree(&files, "", |tree| {
        assert_yaml_snapshot!(tree);
        assert_eq!(
            tree.files.iter().map(|source| source.name.as_str()).collect::<Vec<_>>(),
            [
                "/etc/nginx/nginx.conf",
                "/etc/nginx/one.conf",
                "/etc/nginx/map",
                "/etc/nginx/conf.d/1.conf",
                "/etc/nginx/conf.d/2.conf",
            ]
        );
    });
}

#[test]
fn a_missing_file_is_a_fault_at_its_include() {
    assert_eq!(
        fault_of("a;\nb { include no.conf; }"),
        "open() \"/etc/nginx/no.conf\" failed (2: No such file or directory) in F:2"
    );
    with_tree(&[], "", |tree| {
        let expected = "open() \"/etc/nginx/nginx.conf\" failed (2: No such file or directory)";
        assert_eq!(fault(tree).as_deref(), Some(expected));
    });
}

#[test]
fn include_means_nothing_where_nginx_reads_bare_words() {
    assert_eq!(words("split_clients $a $b { include no; }")[1], ["include", "no"]);
    assert_eq!(words("charset_map a b { include no; }")[1], ["include", "no"]);
}

#[test]
fn a_fault_in_an_included_file_ends_all() {
    let files = [("/etc/nginx/nginx.conf", "a { include one; b; } c;"), ("/etc/nginx/one", "d;\n} e;")];
    with_tree(&files, "", |tree| assert_yaml_snapshot!(tree));
}

#[test]
fn the_command_line_comes_first_and_has_rules_of_its_own() {
    let of = |command_line| {
        with_tree(&[("/etc/nginx/nginx.conf", "a;")], command_line, |tree| {
            (tree.iter().map(|directive| directive.name().text().into_owned()).collect::<Vec<_>>(), fault(tree))
        })
    };
    assert_eq!(of("daemon off; user u;"), (vec!["daemon".into(), "user".into(), "a".into()], None));
    let fails = |command_line| of(command_line).1.unwrap_or_default();
    assert_eq!(fails("daemon off"), "unexpected end of parameter, expecting \";\" in command line");
    assert_eq!(fails("events {}"), "block directives are not supported in -g option in command line");
    assert_eq!(fails("}"), "unexpected \"}\" in command line");
}

#[test]
fn loops_and_depth_are_faults_and_no_crash() {
    assert_eq!(
        fault_of("a;\ninclude nginx.conf;"),
        "\"include\" directive makes a loop: \"F\" is included within itself in F:2"
    );
    assert_eq!(fault_of("include *.conf;").split(':').next(), Some("\"include\" directive makes a loop"));
    assert_eq!(fault_of(&"a {".repeat(100_000)), "too many nested blocks in F:1");
    assert_eq!(fault_of("a { include nginx.conf; }").split(':').next(), Some("\"include\" directive makes a loop"));
    assert_eq!(fault_of("a { b { c { include nginx.conf; } } }"), "too many nested blocks in F:1");
}

#[test]
fn no_mutation_of_a_text_panics() {
    const TEXT: &str =
        "a \"b\\\"\" 'c' ${d} \\;e; map $x $y { include m; default 1; } http { server { listen 80; } } # f\n";
    let files = |text: &[u8]| {
        MemoryFiles(
            [("/etc/nginx/nginx.conf".to_owned(), text.to_vec()), ("/etc/nginx/m".to_owned(), b"k v; }".to_vec())]
                .into(),
        )
    };
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % below as u64) as usize
    };
    for _ in 0..20_000 {
        let mut text = TEXT.as_bytes().to_vec();
        for _ in 0..=random(4) {
            let at = random(text.len());
            match random(3) {
                0 => text[at] = b"\"'\\{};$# \n\0\xffx"[random(13)],
                1 => text.truncate(at.max(1)),
                _ => text.insert(at, b"\"'\\{};$# \n\0\xffx"[random(13)]),
            }
        }
        let sources = Sources::default();
        let tree = parse(&sources, &files(&text), "/etc/nginx/", b"", "/etc/nginx/nginx.conf");
        for directive in tree.iter() {
            for word in directive.words {
                let raw = word.raw(directive.source);
                assert!(raw.len() >= word.value.len(), "{raw:?} is shorter than {:?}", word.value);
            }
        }
    }
}
