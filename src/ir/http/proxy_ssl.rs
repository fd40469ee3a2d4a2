//! The `proxy_ssl_…` directives of nginx's `http_proxy` module: TLS towards backends.

pub mod setters;

use std::rc::Rc;

use crate::conf::diagnostic::{Diagnostic, Level, Place};
use crate::ir::http::ssl::NamedProtocols;
use crate::ir::tls::conf_command::{ConfCommand, Settings};
use crate::ir::tls::{CertificateCache, ClientTls, Pair, Protocols, Verify, certificate_path, ciphers, negotiated};
use crate::ir::value::{List, Template, Text};

layer! {
    /// What `proxy_ssl_…` directives say in a location.
    pub struct ProxySsl, own ProxySslOwn {
        /// `proxy_ssl_protocols`
        protocols: NamedProtocols = NamedProtocols::TLSV1_2.or(NamedProtocols::TLSV1_3),
        /// `proxy_ssl_ciphers`
        ciphers: Text = Text::from("DEFAULT"),
        /// `proxy_ssl_certificate`
        certificate: Option<Template> = None,
        /// `proxy_ssl_certificate_key`
        certificate_key: Option<Template> = None,
        /// `proxy_ssl_certificate_cache`; blocks that inherit it share one
        certificate_cache: Option<Rc<CertificateCache>> = None,
        /// `proxy_ssl_password_file`, the full path
        password_file: Option<Text> = None,
        /// `proxy_ssl_verify`
        verify: bool = false,
        /// `proxy_ssl_verify_depth`
        verify_depth: usize = 1,
        /// `proxy_ssl_trusted_certificate`
        trusted_certificate: Text = Text::default(),
        /// `proxy_ssl_crl`
        crl: Text = Text::default(),
        /// `proxy_ssl_conf_command`
        conf_commands: List<ConfCommand> = List::default(),
        /// `proxy_ssl_name`
        name: Option<Template> = None,
        /// `proxy_ssl_server_name`
        server_name: bool = false,
        /// `proxy_ssl_session_reuse`
        session_reuse: bool = true,
    }
}

impl ProxySsl {
    /// A certificate that differs from request to request.
    pub fn has_variable_certificate(&self) -> bool {
        let varies = |template: &Option<Template>| template.as_ref().is_some_and(|template| !template.is_constant());
        self.has_certificate() && (varies(&self.certificate) || varies(&self.certificate_key))
    }

    fn has_certificate(&self) -> bool {
        self.certificate.as_ref().is_some_and(|template| template.constant() != Some(b""))
    }

    /// What a location's TLS is made of. `module` is `proxy` or `grpc`; `written` gives a template as it was written.
    pub fn resolve(
        &self,
        conf_prefix: &str,
        module: &str,
        written: impl Fn(&Template) -> String,
    ) -> Result<ClientTls, Diagnostic> {
        let suites = ciphers::evaluate(&self.ciphers).ok_or_else(|| {
            let list = &self.ciphers;
            fault(format!(
                "SSL_CTX_set_cipher_list(\"{list}\") failed (SSL: error:0A0000B9:SSL routines::no cipher match)"
            ))
        })?;
        let mut protocols = Protocols {
            tls12: self.protocols.contains(NamedProtocols::TLSV1_2),
            tls13: self.protocols.contains(NamedProtocols::TLSV1_3),
        };
        let (mut ciphers, mut ciphersuites, mut curves) = (negotiated(&suites), Vec::new(), Vec::new());
        let (mut certificate, mut key) = self.constant_pair(module, written)?;
        let path = |path: &Text| certificate_path(conf_prefix, path);
        let verify = match self.verify {
            false => None,
            true if self.trusted_certificate.is_empty() => {
                return Err(fault(format!("no {module}_ssl_trusted_certificate for {module}_ssl_verify")));
            }
            true => Some(Verify {
                trusted: path(&self.trusted_certificate),
                revocation_lists: Some(path(&self.crl)).filter(|_| !self.crl.is_empty()),
                depth: self.verify_depth,
            }),
        };
        for command in self.conf_commands.iter() {
            let settings = &mut Settings {
                protocols: &mut protocols,
                ciphers: &mut ciphers,
                ciphersuites: &mut ciphersuites,
                // Only a server has these two choices.
                session_tickets: &mut true,
                server_preference: &mut false,
                curves: &mut curves,
                certificate: &mut certificate,
                key: &mut key,
            };
            command.apply(settings).map_err(fault)?;
        }
        let pair = certificate.zip(key);
        Ok(ClientTls {
            protocols,
            ciphers,
            ciphersuites,
            curves,
            certificate: pair.map(|(certificate, key)| Pair::written(conf_prefix, &certificate, &key)),
            passwords: self.password_file.clone(),
            verify,
        })
    }

    /// Certificate and key, where neither has variables.
    fn constant_pair(
        &self,
        module: &str,
        written: impl Fn(&Template) -> String,
    ) -> Result<(Option<Text>, Option<Text>), Diagnostic> {
        let Some(certificate) = self.certificate.as_ref().filter(|_| self.has_certificate()) else {
            return Ok((None, None));
        };
        let Some(key) = &self.certificate_key else {
            let name = written(certificate);
            return Err(fault(format!("no \"{module}_ssl_certificate_key\" is defined for certificate \"{name}\"")));
        };
        Ok(match (certificate.constant(), key.constant()) {
            (Some(certificate), Some(key)) => (Some(Text::from(certificate)), Some(Text::from(key))),
            _ => (None, None),
        })
    }
}

fn fault(text: String) -> Diagnostic {
    Diagnostic { level: Level::Emerg, text, place: Place::Nowhere }
}
