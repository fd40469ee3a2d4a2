//! What nginx's command line asks for, and the places that follow from it.

/// Where Debian's build begins relative paths.
pub const PREFIX: &str = "/usr/share/nginx/";
/// The configuration of Debian's build.
pub const CONF_FILE: &str = "/etc/nginx/nginx.conf";
/// The directory of that file.
pub const CONF_PREFIX: &str = "/etc/nginx/";
/// Debian's build logs to standard error until the configuration says otherwise; so `-e stderr` is written.
pub const ERROR_LOG: &str = "";

/// The options of nginx's command line.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Options {
    /// `-v`, or an option that shows more: the version is shown.
    pub shows_version: bool,
    /// `-h`, `-?`
    pub shows_help: bool,
    /// `-V`
    pub shows_configure: bool,
    /// `-t`, `-T`: the configuration is tested and nothing is started.
    pub tests: bool,
    /// `-T`: it is printed too.
    pub dumps: bool,
    /// `-q`: a test says nothing when all is well.
    pub is_quiet: bool,
    /// Called as `evenkeel nginx`: a test also says which directives have no effect, and why.
    pub explains: bool,
    /// `-p`
    pub prefix: Option<String>,
    /// `-e`; empty for `stderr`.
    pub error_log: Option<String>,
    /// `-c`
    pub conf_file: Option<String>,
    /// `-g`
    pub directives: Vec<u8>,
    /// `-s`
    pub signal: Option<Signal>,
}

/// What `-s` asks of the running master.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Signal {
    /// End at once.
    Stop,
    /// End when the requests are done.
    Quit,
    /// Open the logs anew.
    Reopen,
    /// Read the configuration anew.
    Reload,
}

/// Where things are, by options and build.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Places {
    /// Where most relative paths begin; with a slash at its end.
    pub prefix: String,
    /// Where the relative paths of `include`, certificates and password files begin; with a slash at its end.
    pub conf_prefix: String,
    /// The configuration.
    pub conf_file: String,
    /// The log where the configuration names none, and until it does; empty for standard error.
    pub error_log: String,
}

impl Options {
    /// The places that follow from the options.
    pub fn places(&self) -> Places {
        let prefix = match self.prefix.as_deref() {
            Some(prefix) if prefix.is_empty() || prefix.ends_with('/') => prefix.to_owned(),
            Some(prefix) => format!("{prefix}/"),
            None => PREFIX.to_owned(),
        };
        let conf_file = match self.conf_file.as_deref().unwrap_or(CONF_FILE) {
            absolute if absolute.starts_with('/') => absolute.to_owned(),
            relative => format!("{prefix}{relative}"),
        };
        let conf_prefix = match (conf_file.rfind('/'), &self.prefix) {
            (Some(slash @ 1..), _) => conf_file[..=slash].to_owned(),
            (_, Some(_)) => prefix.clone(),
            (_, None) => CONF_PREFIX.to_owned(),
        };
        let error_log = match self.error_log.as_deref().unwrap_or(ERROR_LOG) {
            whole if whole.is_empty() || whole.starts_with('/') => whole.to_owned(),
            relative => format!("{prefix}{relative}"),
        };
        Places { prefix, conf_prefix, conf_file, error_log }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_follow_from_prefix_and_file() {
        let places = |prefix: Option<&str>, conf_file: Option<&str>| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            let options = Options { prefix: owned(prefix), conf_file: owned(conf_file), ..Options::default() };
            let places = options.places();
            (places.prefix, places.conf_prefix, places.conf_file)
        };
        let are = |prefix: &str, conf_prefix: &str, conf_file: &str| {
            (prefix.to_owned(), conf_prefix.to_owned(), conf_file.to_owned())
        };
        assert_eq!(places(None, None), are("/usr/share/nginx/", "/etc/nginx/", "/etc/nginx/nginx.conf"));
        assert_eq!(places(Some("p"), Some("c/n.conf")), are("p/", "p/c/", "p/c/n.conf"));
        assert_eq!(places(Some(""), Some("n.conf")), are("", "", "n.conf"));
        let log = |file: &str| {
            let (prefix, error_log) = (Some("p".to_owned()), Some(file.to_owned()));
            Options { prefix, error_log, ..Options::default() }.places().error_log
        };
        assert_eq!([log("e.log"), log("/e.log"), log("")], ["p/e.log", "/e.log", ""]);
        assert_eq!(places(None, Some("/n.conf")), are("/usr/share/nginx/", "/etc/nginx/", "/n.conf"));
    }
}
