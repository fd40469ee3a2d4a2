//! nginx's command line: options bundled or glued, and its words for what is wrong.
//!
//! clap cannot stand here: `-tcfile`, the order in which faults count and their words are nginx's own.

use std::process::ExitCode;

use crate::process;
use crate::process::options::{CONF_FILE, Options, PREFIX, Signal};

/// The version that is served, as `Server` and scripts know it.
pub const NGINX_VERSION: &str = "1.31.5";

/// Does what the words ask for. The first is the program's name. `explains`: a test also says what has no effect.
pub fn run(words: Vec<String>, explains: bool) -> ExitCode {
    let options = match parse(words.iter().skip(1).cloned()) {
        Ok(options) => Options { explains, ..options },
        Err(fault) => {
            eprintln!("nginx: {fault}");
            return ExitCode::FAILURE;
        }
    };
    if options.shows_version {
        eprint!("{}", version_text(&options));
        if !options.tests {
            return ExitCode::SUCCESS;
        }
    }
    let arguments = words.into_iter().map(Into::into).collect();
    ExitCode::from(process::start::run(&options, arguments, &version()) as u8)
}

/// What nginx's `configure` is told with `--build`.
const BUILD: &str = concat!("evenkeel/", env!("CARGO_PKG_VERSION"));

/// `nginx/1.31.5 (evenkeel/0.1.0)`
fn version() -> String {
    format!("nginx/{NGINX_VERSION} ({BUILD})")
}

/// Reads the words after the program's name; the error is a line to print after `nginx: `.
pub fn parse(args: impl IntoIterator<Item = String>) -> Result<Options, String> {
    let mut options = Options::default();
    let mut args = args.into_iter();
    while let Some(word) = args.next() {
        let Some(letters) = word.strip_prefix('-') else { return Err(format!("invalid option: \"{word}\"")) };
        parse_letters(letters, &mut args, &mut options)?;
    }
    Ok(options)
}

/// Reads one word of options: letters up to the first that takes the rest, or the next word, as its value.
fn parse_letters(letters: &str, next: &mut impl Iterator<Item = String>, options: &mut Options) -> Result<(), String> {
    for (index, letter) in letters.char_indices() {
        let mut value = |missing: &str| match &letters[index + letter.len_utf8()..] {
            "" => next.next().ok_or_else(|| format!("option \"-{letter}\" requires {missing}")),
            glued => Ok(glued.to_owned()),
        };
        match letter {
            'h' | '?' => (options.shows_version, options.shows_help) = (true, true),
            'v' => options.shows_version = true,
            'V' => (options.shows_version, options.shows_configure) = (true, true),
            't' => options.tests = true,
            'T' => (options.tests, options.dumps) = (true, true),
            'q' => options.is_quiet = true,
            'p' => return value("directory name").map(|text| options.prefix = Some(text)),
            'c' => return value("file name").map(|text| options.conf_file = Some(text)),
            'g' => return value("parameter").map(|text| options.directives = text.into_bytes()),
            'e' => {
                let file = value("file name")?;
                options.error_log = Some(if file == "stderr" { String::new() } else { file });
                return Ok(());
            }
            's' => {
                options.signal = Some(signal(&value("parameter")?)?);
                return Ok(());
            }
            _ => return Err(format!("invalid option: \"{letter}\"")),
        }
    }
    Ok(())
}

fn signal(name: &str) -> Result<Signal, String> {
    match name {
        "stop" => Ok(Signal::Stop),
        "quit" => Ok(Signal::Quit),
        "reopen" => Ok(Signal::Reopen),
        "reload" => Ok(Signal::Reload),
        _ => Err(format!("invalid option: \"-s {name}\"")),
    }
}

/// What `-v`, `-V` and `-h` print to standard error.
pub fn version_text(options: &Options) -> String {
    let mut text = format!("nginx version: {}\n", version());
    if options.shows_help {
        text.push_str(&help_text());
    }
    if options.shows_configure {
        text.push_str("TLS SNI support enabled\n");
        text.push_str(&format!("configure arguments:{}\n", configure_arguments()));
    }
    text
}

fn help_text() -> String {
    format!(
        "Usage: nginx [-?hvVtTq] [-s signal] [-p prefix]
             [-e filename] [-c filename] [-g directives]

Options:
  -?,-h         : this help
  -v            : show version and exit
  -V            : show version and configure options then exit
  -t            : test configuration and exit
  -T            : test configuration, dump it and exit
  -q            : suppress non-error messages during configuration testing
  -s signal     : send signal to a master process: stop, quit, reopen, reload
  -p prefix     : set prefix path (default: {PREFIX})
  -e filename   : set error log file (default: stderr)
  -c filename   : set configuration file (default: {CONF_FILE})
  -g directives : set global directives out of configuration file

"
    )
}

/// Debian's places, and the modules: scripts and nginx's test suite read here what they may expect.
fn configure_arguments() -> String {
    let places = [
        ("prefix", "/usr/share/nginx"),
        ("conf-path", CONF_FILE),
        ("http-log-path", "/var/log/nginx/access.log"),
        ("error-log-path", "stderr"),
        ("lock-path", "/var/lock/nginx.lock"),
        ("pid-path", "/run/nginx.pid"),
        ("modules-path", "/usr/lib/nginx/modules"),
        ("http-client-body-temp-path", "/var/lib/nginx/body"),
        ("http-fastcgi-temp-path", "/var/lib/nginx/fastcgi"),
        ("http-proxy-temp-path", "/var/lib/nginx/proxy"),
        ("http-scgi-temp-path", "/var/lib/nginx/scgi"),
        ("http-uwsgi-temp-path", "/var/lib/nginx/uwsgi"),
    ];
    let places = places.into_iter().map(|(option, path)| format!(" --{option}={path}"));
    let build = format!(" --build={BUILD}");
    let modules = grammar::nginx::configure_options().map(|option| format!(" --{option}"));
    places.chain([build]).chain(modules).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[&str]) -> Result<Options, String> {
        parse(words.iter().map(|word| (*word).to_owned()))
    }

    #[test]
    fn options_bundle_and_glue() {
        let expected = Options {
            tests: true,
            is_quiet: true,
            conf_file: Some("file".into()),
            prefix: Some("dir".into()),
            directives: b"daemon off;".to_vec(),
            ..Options::default()
        };
        assert_eq!(of(&["-tqcfile", "-p", "dir", "-g", "daemon off;"]), Ok(expected.clone()));
        assert_eq!(of(&["-t", "-q", "-c", "file", "-pdir", "-gdaemon off;"]), Ok(expected));
        assert_eq!(of(&["-e", "stderr"]).map(|options| options.error_log), Ok(Some(String::new())));
        assert_eq!(of(&["-s", "reload", "-"]).map(|options| options.signal), Ok(Some(Signal::Reload)));
    }

    #[test]
    fn faults_have_the_words_of_nginx() {
        let cases: [(&[&str], &str); 9] = [
            (&["-x"], "invalid option: \"x\""),
            (&["-tx"], "invalid option: \"x\""),
            (&["reload"], "invalid option: \"reload\""),
            (&[""], "invalid option: \"\""),
            (&["-s", "foo"], "invalid option: \"-s foo\""),
            (&["-s"], "option \"-s\" requires parameter"),
            (&["-tg"], "option \"-g\" requires parameter"),
            (&["-c"], "option \"-c\" requires file name"),
            (&["-p"], "option \"-p\" requires directory name"),
        ];
        for (words, expected) in cases {
            assert_eq!(of(words), Err(expected.to_owned()), "{words:?}");
        }
    }
}
