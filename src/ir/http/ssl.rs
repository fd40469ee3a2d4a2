//! The values of nginx's `http_ssl` module, from directives to what a server's TLS is made of.

pub mod setters;

use std::rc::Rc;

use crate::conf::diagnostic::{Diagnostic, Level, Place};
use crate::ir::tls::cipher_table::Suite;
use crate::ir::tls::conf_command::{ConfCommand, Settings};
use crate::ir::tls::{
    CertificateCache, Curve, Ocsp, OcspScope, Pair, Protocols, ServerTls, SessionCache, Stapling, VariablePair,
    VerifyClient, certificate_path, ciphers, negotiated,
};
use crate::ir::value::{List, Template, Text, Zone};

word_set! {
    /// The versions that `ssl_protocols` names.
    pub struct NamedProtocols {
        /// `SSLv2`
        SSLV2 = 0 "SSLv2",
        /// `SSLv3`
        SSLV3 = 1 "SSLv3",
        /// `TLSv1`
        TLSV1 = 2 "TLSv1",
        /// `TLSv1.1`
        TLSV1_1 = 3 "TLSv1.1",
        /// `TLSv1.2`
        TLSV1_2 = 4 "TLSv1.2",
        /// `TLSv1.3`
        TLSV1_3 = 5 "TLSv1.3",
    }
}

/// `ssl_session_ticket_key`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct TicketKey {
    /// The full path.
    pub path: Text,
    /// Where it is written.
    pub place: Place,
}

layer! {
    /// What the `ssl_…` directives of a server say.
    pub struct Ssl, own SslOwn {
        /// `ssl_certificate`
        certificates: Vec<Text> = Vec::new(),
        /// `ssl_certificate_key`
        keys: Vec<Text> = Vec::new(),
        /// `ssl_certificate_cache`; servers that inherit it share one
        certificate_cache: Option<Rc<CertificateCache>> = None,
        /// `ssl_protocols`
        protocols: NamedProtocols = NamedProtocols::TLSV1_2.or(NamedProtocols::TLSV1_3),
        /// `ssl_ciphers`
        ciphers: Text = Text::from("HIGH:!aNULL:!MD5"),
        /// `ssl_prefer_server_ciphers`
        prefer_server_ciphers: bool = false,
        /// `ssl_ecdh_curve`
        ecdh_curve: Text = Text::from("auto"),
        /// `ssl_session_tickets`
        session_tickets: bool = true,
        /// `ssl_session_timeout`
        session_timeout_s: u64 = 300,
        /// `ssl_session_cache`
        session_cache: SessionCache = SessionCache::None,
        /// `ssl_early_data`
        early_data: bool = false,
        /// `ssl_buffer_size`
        buffer_size: usize = 16 * 1024,
        /// `ssl_reject_handshake`
        reject_handshake: bool = false,
        /// `ssl_password_file`, the full path
        password_file: Option<Text> = None,
        /// `ssl_verify_client`
        verify_client: VerifyClient = VerifyClient::Off,
        /// `ssl_verify_depth`
        verify_depth: usize = 1,
        /// `ssl_client_certificate`
        client_certificate: Text = Text::default(),
        /// `ssl_trusted_certificate`
        trusted_certificate: Text = Text::default(),
        /// `ssl_crl`
        crl: Text = Text::default(),
        /// `ssl_session_ticket_key`
        ticket_keys: Vec<TicketKey> = Vec::new(),
        /// `ssl_stapling`
        stapling: bool = false,
        /// `ssl_stapling_file`
        stapling_file: Text = Text::default(),
        /// `ssl_stapling_responder`
        stapling_responder: Text = Text::default(),
        /// `ssl_stapling_verify`
        stapling_verify: bool = false,
        /// `ssl_ocsp`
        ocsp: OcspScope = OcspScope::Off,
        /// `ssl_ocsp_responder`
        ocsp_responder: Text = Text::default(),
        /// `ssl_ocsp_cache`
        ocsp_cache: Option<Zone> = None,
        /// `ssl_ech_file`
        ech_files: Vec<Text> = Vec::new(),
        /// `ssl_certificate_compression`
        certificate_compression: bool = false,
        /// `ssl_conf_command`
        conf_commands: List<ConfCommand> = List::default(),
        /// `ssl` of nginx before 1.25.1: whatever the server listens on speaks TLS
        enabled: bool = false,
        /// `ssl_dhparam`: read as nginx reads it, and never used: finite-field Diffie-Hellman is not negotiated
        dhparam: Option<Text> = None,
        /// `ssl_key_log`, the full path
        key_log: Option<Text> = None,
    }
}

impl Ssl {
    /// What a server's TLS is made of; nothing for a server without certificates.
    pub fn resolve(
        &self,
        conf_prefix: &str,
        mut compile: impl FnMut(&[u8]) -> Result<Template, String>,
    ) -> Result<Option<Rc<ServerTls>>, Diagnostic> {
        if self.keys.len() < self.certificates.len() {
            let last = &self.certificates[self.certificates.len() - 1];
            return Err(fault(format!("no \"ssl_certificate_key\" is defined for certificate \"{last}\"")));
        }
        if self.certificates.is_empty() && !self.reject_handshake {
            return Ok(None);
        }
        let suites = self.suites()?;
        if matches!(self.verify_client, VerifyClient::On | VerifyClient::Optional)
            && self.client_certificate.is_empty()
            && self.trusted_certificate.is_empty()
        {
            let text = "no ssl_client_certificate or ssl_trusted_certificate for ssl_verify_client";
            return Err(fault(text.to_owned()));
        }
        let path = |path: &Text| certificate_path(conf_prefix, path);
        let some = |written: &Text| Some(path(written)).filter(|_| !written.is_empty());
        let pairs = || self.certificates.iter().zip(&self.keys);
        let varies = pairs().any(|(certificate, key)| certificate.contains(&b'$') || key.contains(&b'$'));
        let certificates = pairs().filter(|_| !varies);
        let certificates = certificates.map(|(certificate, key)| Pair::written(conf_prefix, certificate, key));
        let variable_certificates = pairs()
            .filter(|_| varies)
            .map(|(certificate, key)| Ok(VariablePair { certificate: compile(certificate)?, key: compile(key)? }));
        let mut tls = ServerTls {
            certificates: certificates.collect(),
            variable_certificates: variable_certificates.collect::<Result<_, _>>().map_err(fault)?,
            certificate_cache: self.certificate_cache.clone(),
            protocols: Protocols {
                tls12: self.protocols.contains(NamedProtocols::TLSV1_2),
                tls13: self.protocols.contains(NamedProtocols::TLSV1_3),
            },
            ciphers: negotiated(&suites),
            ciphersuites: Vec::new(),
            prefer_server_ciphers: self.prefer_server_ciphers,
            curves: curves(&self.ecdh_curve)?,
            session_tickets: self.session_tickets,
            session_timeout_s: u32::try_from(self.session_timeout_s).unwrap_or(u32::MAX),
            session_cache: self.session_cache.clone(),
            early_data: self.early_data,
            buffer_size: self.buffer_size,
            reject_handshake: self.reject_handshake,
            passwords: self.password_file.clone(),
            verify_client: self.verify_client,
            verify_depth: self.verify_depth,
            client_certificate: some(&self.client_certificate),
            trusted_certificate: some(&self.trusted_certificate),
            revocation_lists: some(&self.crl),
            ticket_keys: self.ticket_keys.iter().map(|key| key.path.clone()).collect(),
            staple: some(&self.stapling_file).filter(|_| self.stapling),
            stapling: self.stapling(),
            ocsp: self.ocsp()?,
            certificate_compression: self.certificate_compression,
            wants_ech: !self.ech_files.is_empty(),
            dhparam: self.dhparam.as_ref().map(path),
            key_log: self.key_log.clone(),
            security_level: ciphers::security_level(&self.ciphers),
        };
        self.apply_conf_commands(&mut tls, path)?;
        Ok(Some(Rc::new(tls)))
    }

    /// What has no effect beside other directives of the server.
    pub fn without_effect(&self) -> impl Iterator<Item = Diagnostic> {
        const TEXT: &str = "\"ssl_session_ticket_key\" directive has no effect: \
            with \"ssl_early_data\" a ticket is the name of a session that can be resumed once, and no key seals it";
        let keys = self.ticket_keys.iter().filter(|_| self.early_data);
        keys.map(|key| Diagnostic { level: Level::Warn, text: TEXT.to_owned(), place: key.place.clone() })
    }

    fn suites(&self) -> Result<Vec<&'static Suite>, Diagnostic> {
        ciphers::evaluate(&self.ciphers).ok_or_else(|| {
            let list = &self.ciphers;
            fault(format!(
                "SSL_CTX_set_cipher_list(\"{list}\") failed (SSL: error:0A0000B9:SSL routines::no cipher match)"
            ))
        })
    }

    fn stapling(&self) -> Option<Stapling> {
        let stapling = Stapling { responder: self.stapling_responder.clone(), verify: self.stapling_verify };
        Some(stapling).filter(|_| self.stapling && self.stapling_file.is_empty())
    }

    fn ocsp(&self) -> Result<Option<Ocsp>, Diagnostic> {
        if self.ocsp == OcspScope::Off {
            return Ok(None);
        }
        if self.verify_client == VerifyClient::OptionalNoCa {
            let text = "\"ssl_ocsp\" is incompatible with \"ssl_verify_client optional_no_ca\"";
            return Err(fault(text.to_owned()));
        }
        let (responder, cache) = (self.ocsp_responder.clone(), self.ocsp_cache.clone());
        Ok(Some(Ocsp { leaf_only: self.ocsp == OcspScope::Leaf, responder, cache }))
    }

    /// `ssl_conf_command` changes what the other directives say; its certificate comes beside those of other kinds of keys, and
    /// we have no way to tell the kinds here, so it takes the place of all.
    fn apply_conf_commands(&self, tls: &mut ServerTls, path: impl Fn(&Text) -> Text) -> Result<(), Diagnostic> {
        let (mut certificate, mut key) = (None, None);
        for command in self.conf_commands.iter() {
            let settings = &mut Settings {
                protocols: &mut tls.protocols,
                ciphers: &mut tls.ciphers,
                ciphersuites: &mut tls.ciphersuites,
                curves: &mut tls.curves,
                session_tickets: &mut tls.session_tickets,
                server_preference: &mut tls.prefer_server_ciphers,
                certificate: &mut certificate,
                key: &mut key,
            };
            command.apply(settings).map_err(fault)?;
        }
        if let Some((certificate, key)) = certificate.zip(key) {
            tls.certificates = vec![Pair { certificate: path(&certificate), key: path(&key) }];
        }
        Ok(())
    }
}

/// The groups of a list that evenkeel negotiates; empty means its own choice.
fn curves(list: &Text) -> Result<Vec<Curve>, Diagnostic> {
    if &**list == b"auto" {
        return Ok(Vec::new());
    }
    let text = list.to_string();
    let mut curves = Vec::new();
    for name in text.split(':') {
        match Curve::of_name(name) {
            Some(known) => curves.extend(known),
            None => {
                return Err(fault(format!(
                    "SSL_CTX_set1_curves_list(\"{text}\") failed \
                     (SSL: error:0A080106:SSL routines::passed invalid argument:group '{name}' cannot be set)"
                )));
            }
        }
    }
    Ok(curves)
}

fn fault(text: String) -> Diagnostic {
    Diagnostic { level: Level::Emerg, text, place: Place::Nowhere }
}

/// What is said about an address with `ssl` whose default server has no certificate.
pub fn no_certificate(server: &Place) -> Diagnostic {
    let text = "no \"ssl_certificate\" is defined for the \"listen ... ssl\" directive".to_owned();
    Diagnostic { level: Level::Emerg, text, place: server.clone() }
}
