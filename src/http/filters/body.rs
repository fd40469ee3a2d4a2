//! The filters that change the text of a body, in nginx's order: what a filter gives goes to the next one, the last one's text to
//! the compressor. An answer without such a filter has no [`BodyFilters`], and passes by with one test.

use std::rc::Rc;

use super::{charset, echo, gunzip, gzip, headers, ssi, sub, write};
use crate::http::request::{BodyChain, Boxed, Request};
use crate::http::subrequest;
use crate::http::verdict::ClientGone;
use crate::ir::http::echo::{Echo, Line};
use crate::ir::value::{List, Text};

/// The filters of one body.
#[derive(Default)]
pub struct BodyFilters {
    began: bool,
    gunzip: Option<gunzip::Decoder>,
    before_body: Option<Text>,
    after_body: Option<Text>,
    echo: Option<Rc<Echo>>,
    sub: Option<sub::Substitution>,
    charset: Option<charset::Recoder>,
    ssi: Option<Box<ssi::Interpreter>>,
}

/// Decides which filters the body goes through.
pub fn head(request: &mut Request) -> Result<(), ClientGone> {
    let gunzip = gunzip::head(request);
    let echo = echo::head(request);
    let (before_body, after_body) = addition(request);
    let sub = sub::head(request);
    let charset = charset::head(request)?;
    let ssi = ssi::head(request);
    let is_plain = gunzip.is_none() && echo.is_none() && sub.is_none() && charset.is_none() && ssi.is_none();
    if !is_plain || before_body.is_some() || after_body.is_some() {
        let filters = BodyFilters { began: false, gunzip, before_body, after_body, echo, sub, charset, ssi };
        request.body_filters = Some(Box::new(filters));
    }
    Ok(())
}

/// `add_before_body`, `add_after_body` (`ngx_http_addition_filter_module`).
fn addition(request: &mut Request) -> (Option<Text>, Option<Text>) {
    let settings = Rc::clone(&request.location.settings.addition);
    let some = |uri: &Text| Some(uri.clone()).filter(|uri| !uri.is_empty());
    let (before, after) = (some(&settings.before_body), some(&settings.after_body));
    let is_wanted = before.is_some() || after.is_some();
    if !is_wanted || request.response.status != 200 || request.is_subrequest || !request.response.is_of(&settings.types)
    {
        return (None, None);
    }
    request.response.content_length = None;
    request.response.clear_accept_ranges();
    gzip::weaken_etag(request);
    (before, after)
}

async fn add(request: &mut Request, uri: &[u8]) -> Result<(), ClientGone> {
    let running = subrequest::start(request, uri, b"", None).map_err(|_| ClientGone)?;
    subrequest::forward(request, running).await
}

impl BodyChain for BodyFilters {
    fn write<'f>(&'f mut self, request: &'f mut Request, bytes: &'f [u8]) -> Boxed<'f, Result<(), ClientGone>> {
        Box::pin(self.take(request, bytes))
    }

    fn finish<'f>(&'f mut self, request: &'f mut Request) -> Boxed<'f, Result<(), ClientGone>> {
        Box::pin(self.give_rest(request))
    }

    /// `ssi` passes only text on, and the end.
    fn passes_no_flush(&self) -> bool {
        self.ssi.is_some()
    }

    fn follow<'f>(&'f self, request: &'f mut Request) -> Boxed<'f, Result<(), ClientGone>> {
        Box::pin(async move {
            match &self.after_body {
                Some(uri) => {
                    // The body itself ends here: nginx adds trailers to that, and again to the end of all.
                    headers::add_trailers(request);
                    add(request, uri).await
                }
                None => Ok(()),
            }
        })
    }
}

impl BodyFilters {
    async fn begin(&mut self, request: &mut Request) -> Result<(), ClientGone> {
        if std::mem::replace(&mut self.began, true) {
            return Ok(());
        }
        if let Some(uri) = &self.before_body {
            add(request, uri).await?;
        }
        match self.echo.clone() {
            Some(echo) => self.say(request, &echo.before_body).await,
            None => Ok(()),
        }
    }

    async fn say(&mut self, request: &mut Request, lines: &List<Line>) -> Result<(), ClientGone> {
        for line in lines.iter() {
            let text = echo::text(request, line);
            self.substitute(request, &text).await?;
        }
        Ok(())
    }

    async fn take(&mut self, request: &mut Request, bytes: &[u8]) -> Result<(), ClientGone> {
        self.begin(request).await?;
        let Some(gunzip) = &mut self.gunzip else { return self.substitute(request, bytes).await };
        let mut text = Vec::new();
        gunzip.write(request, bytes, &mut text)?;
        self.substitute(request, &text).await
    }

    async fn substitute(&mut self, request: &mut Request, bytes: &[u8]) -> Result<(), ClientGone> {
        let Some(sub) = &mut self.sub else { return self.recode(request, bytes).await };
        let mut text = Vec::with_capacity(bytes.len());
        sub.write(request, bytes, &mut text);
        self.recode(request, &text).await
    }

    async fn recode(&mut self, request: &mut Request, bytes: &[u8]) -> Result<(), ClientGone> {
        let Some(charset) = &mut self.charset else { return self.interpret(request, bytes).await };
        let mut text = Vec::with_capacity(bytes.len());
        charset.write(bytes, &mut text);
        self.interpret(request, &text).await
    }

    async fn interpret(&mut self, request: &mut Request, bytes: &[u8]) -> Result<(), ClientGone> {
        match &mut self.ssi {
            Some(ssi) => ssi.write(request, bytes).await,
            None => write::encode(request, bytes).await,
        }
    }

    async fn give_rest(&mut self, request: &mut Request) -> Result<(), ClientGone> {
        self.begin(request).await?;
        if let Some(echo) = self.echo.clone() {
            self.say(request, &echo.after_body).await?;
        }
        if let Some(gunzip) = &self.gunzip {
            gunzip.finish(request)?;
        }
        if let Some(sub) = &mut self.sub {
            let mut text = Vec::new();
            sub.finish(&mut text);
            self.recode(request, &text).await?;
        }
        Ok(())
    }
}
