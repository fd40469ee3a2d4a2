//! The files of certificates and keys whose names have variables, kept for a while where a cache says so.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::rc::Rc;

use tokio::time::Instant;

use crate::ir::tls::{CertificateCache, Pair};
use crate::ir::value::Text;
use crate::log::now;
use crate::net::tls_fault::TlsFault;

/// The caches of a worker, by the place of their settings in memory.
#[derive(Default, Debug)]
pub struct CertificateCaches(RefCell<HashMap<usize, Rc<RefCell<CertificateFiles>>>>);

impl CertificateCaches {
    /// Makes use of a pair whose names have variables. A kept certificate and a newer key do not fit together: then both are
    /// read anew (`ngx_ssl_connection_certificate`).
    pub fn with_pair<T>(
        &self,
        cache: Option<&Rc<CertificateCache>>,
        pair: &Pair,
        make: impl Fn(&dyn Fn(&Text) -> io::Result<Vec<u8>>) -> Result<T, TlsFault>,
    ) -> Result<T, TlsFault> {
        let read = |path: &Text| self.read(cache, path);
        match (make(&read), cache) {
            (Err(TlsFault::KeyMismatch(_)), Some(settings)) => {
                self.of(settings).borrow_mut().forget(pair);
                make(&read)
            }
            (outcome, _) => outcome,
        }
    }

    /// Reads a file; with a cache, only if it was not read lately.
    fn read(&self, cache: Option<&Rc<CertificateCache>>, path: &Text) -> io::Result<Vec<u8>> {
        let read = |path: &Text| std::fs::read(OsStr::from_bytes(path));
        match cache {
            Some(settings) => self.of(settings).borrow_mut().read(path, read),
            None => read(path),
        }
    }

    fn of(&self, settings: &Rc<CertificateCache>) -> Rc<RefCell<CertificateFiles>> {
        let mut caches = self.0.borrow_mut();
        let new = || Rc::new(RefCell::new(CertificateFiles { settings: **settings, files: HashMap::new() }));
        Rc::clone(caches.entry(Rc::as_ptr(settings) as usize).or_insert_with(new))
    }
}

/// The contents of certificate files, for some time (`ssl_certificate_cache` and its like). Locked keys are read anew each time.
#[derive(Debug)]
struct CertificateFiles {
    settings: CertificateCache,
    files: HashMap<Text, CachedFile>,
}

#[derive(Debug)]
struct CachedFile {
    contents: Vec<u8>,
    read_s: u64,
    used: Instant,
}

impl CertificateFiles {
    fn forget(&mut self, pair: &Pair) {
        self.files.remove(&pair.certificate);
        self.files.remove(&pair.key);
    }

    fn read(&mut self, path: &Text, read: impl Fn(&Text) -> io::Result<Vec<u8>>) -> io::Result<Vec<u8>> {
        let now_s = now::since_epoch().as_secs();
        let CertificateCache { max, inactive_s, valid_s } = self.settings;
        if let Some(file) = self.files.get_mut(path)
            && now_s - file.read_s <= valid_s
        {
            file.used = Instant::now();
            return Ok(file.contents.clone());
        }
        let contents = read(path)?;
        if memchr::memmem::find(&contents, b"ENCRYPTED").is_some() {
            return Ok(contents);
        }
        self.files.retain(|_, file| file.used.elapsed().as_secs() <= inactive_s);
        while self.files.len() >= max {
            let oldest = self.files.iter().min_by_key(|(_, file)| file.used).map(|(path, _)| path.clone());
            oldest.map(|path| self.files.remove(&path));
        }
        let file = CachedFile { contents: contents.clone(), read_s: now_s, used: Instant::now() };
        self.files.insert(path.clone(), file);
        Ok(contents)
    }
}
