//! Debian's nginx, run from Debian's own files: exchanged for evenkeel under load, and brought back.

use std::fs;
use std::path::{Path, PathBuf};

use compat_tests::{program, reference, subject};

use crate::running::{Load, Running, until};

/// The site that Debian enables at first: what the machine's own administrator made of it is nothing to this test.
const DEFAULT_SITE: &str = "server {
	listen PORT default_server;
	listen [::]:PORT default_server;
	root HTML;
	index index.html index.htm index.nginx-debian.html;
	server_name _;
	location / {
		try_files $uri $uri/ =404;
	}
}
";

/// Debian's `/etc/nginx` with its default site, and with the places of a scratch directory.
fn debian() -> Running {
    let original = reference::originals().expect("the original is installed").nginx;
    let nginx = Running::prepare(&original, "");
    let prefix = nginx.path("").display().to_string();
    copy(Path::new("/etc/nginx"), &nginx.path("etc"), &|text| {
        let text = text.replace("/etc/nginx/", &format!("{prefix}etc/"));
        text.replace("/run/nginx.pid", &format!("{prefix}nginx.pid")).replace("/var/log/nginx/", &prefix)
    });
    for folder in ["conf.d", "sites-enabled"] {
        fs::remove_dir_all(nginx.path("etc").join(folder)).expect("Debian has that folder");
        fs::create_dir(nginx.path("etc").join(folder)).expect("a folder");
    }
    let site = DEFAULT_SITE.replace("PORT", &nginx.port().to_string()).replace("HTML", &format!("{prefix}html"));
    fs::write(nginx.path("etc/sites-enabled/default"), site).expect("a site");
    fs::create_dir_all(nginx.path("html")).expect("a folder");
    fs::write(nginx.path("html/index.html"), "first\n").expect("a page");
    fs::create_dir_all(nginx.path("sbin")).expect("a folder");
    fs::copy(&original, nginx.path("sbin/nginx")).expect("a copy of the original");
    nginx
}

fn copy(from: &Path, to: &Path, change: &dyn Fn(String) -> String) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("nginx is installed").flatten() {
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        if path.is_dir() {
            copy(&path, &target, change);
        } else if let Ok(text) = fs::read_to_string(&path) {
            fs::write(target, change(text)).expect("it is written");
        }
    }
}

struct Site {
    nginx: Running,
}

impl Site {
    fn start() -> Self {
        let nginx = debian();
        let conf = nginx.path("etc/nginx.conf").display().to_string();
        let words = ["-c".to_owned(), conf];
        let (text, status) = program::run(&nginx.path("sbin/nginx"), &words, Path::new("/")).expect("it runs");
        assert_eq!(status, 0, "{text}");
        until("the pid file", || nginx.pid_file().is_some());
        until("workers", || !nginx.workers().is_empty());
        Self { nginx }
    }

    /// Calls one of evenkeel's commands.
    fn evenkeel(&self, command: &str) -> (String, i32) {
        let binary = fs::canonicalize(subject::ours().expect("evenkeel builds").nginx).expect("the link leads to it");
        let mut words = vec![command.to_owned(), "nginx".to_owned()];
        words.extend(["--sbin".to_owned(), self.nginx.path("sbin").display().to_string()]);
        words.extend(["--pid-file".to_owned(), self.nginx.path("nginx.pid").display().to_string()]);
        program::run(&binary, &words, Path::new("/")).expect("it runs")
    }

    /// The program that the master runs.
    fn program(&self) -> PathBuf {
        fs::read_link(format!("/proc/{}/exe", self.nginx.master())).expect("it runs")
    }
}

#[test]
fn debians_nginx_is_exchanged_under_load_and_comes_back() {
    let site = Site::start();
    let nginx = &site.nginx;
    let sockets = nginx.listening_inodes(nginx.master());
    assert!(!sockets.is_empty());
    let (load, old) = (Load::start(nginx.port()), nginx.master());
    let (text, status) = site.evenkeel("swap-in");
    assert_eq!(status, 0, "{text}\n{}", nginx.log());
    assert_eq!(site.program().file_name(), Some("evenkeel".as_ref()), "{text}");
    assert_eq!(nginx.listening_inodes(nginx.master()), sockets);
    assert_eq!(nginx.get(), "first\n");
    until("the old master's end", || !nginx.is_alive(old));
    let (text, status) = site.evenkeel("swap-in");
    assert!(status == 1 && text.contains("in its place already"), "{text}");
    let (text, status) = site.evenkeel("roll-back");
    assert_eq!(status, 0, "{text}\n{}", nginx.log());
    assert_eq!(site.program(), nginx.path("sbin/nginx"), "{text}");
    assert!(!nginx.path("sbin/nginx.distrib").exists());
    assert_eq!(nginx.listening_inodes(nginx.master()), sockets);
    let (answered, failed) = load.stop();
    assert!(answered > 10 && failed.is_empty(), "{answered} answered, failed: {failed:?}");
}
