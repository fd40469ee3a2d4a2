//! `echo`: what a location says by itself, command by command.

use std::rc::Rc;

use crate::http::filters::order;
use crate::http::request::Request;
use crate::http::rewrite;
use crate::http::verdict::Verdict;
use crate::http::{body_reader, evaluate};
use crate::ir::http::echo::Command;
use crate::log::error_log::Level;

/// Repeated text is made in pieces of about this size.
const LARGEST_PIECE: usize = 64 * 1024;

/// Runs the commands of the location.
pub async fn handle(request: &mut Request) -> Verdict {
    if let Err(status) = body_reader::discard(request) {
        return Verdict::Finish(status);
    }
    let echo = Rc::clone(&request.location.settings.echo);
    request.response.status = echo.status;
    request.response.content_type = Some(rewrite::content_type(request));
    for command in echo.commands.iter() {
        if let Err(verdict) = run(request, command).await {
            return verdict;
        }
    }
    if let Err(fault) = order::send_head(request).await {
        return fault.into();
    }
    match order::finish(request).await {
        Ok(()) => Verdict::Done,
        Err(_) => Verdict::Close,
    }
}

async fn run(request: &mut Request, command: &Command) -> Result<(), Verdict> {
    match command {
        Command::Echo { words, ends_line } => {
            let words: Vec<_> = words.iter().map(|word| evaluate::text(request, word)).collect();
            let mut line = words.join(&b' ');
            if *ends_line {
                line.push(b'\n');
            }
            say(request, &line).await
        }
        Command::Duplicate { count, text } => {
            let written = evaluate::text(request, count);
            let Some(count) = number(&written) else {
                let written = String::from_utf8_lossy(&written);
                request.log(Level::Error, format_args!("invalid size specified: \"{written}\""));
                return Err(refuse(request, 500));
            };
            let text = evaluate::text(request, text).into_owned();
            duplicate(request, count, &text).await
        }
        Command::Sleep(seconds) => {
            let written = evaluate::text(request, seconds);
            let Some(pause_ms) = milliseconds(&written) else {
                let written = String::from_utf8_lossy(&written);
                request.log(Level::Error, format_args!("invalid sleep duration \"{written}\""));
                return Err(refuse(request, 400));
            };
            let connection = Rc::clone(&request.connection);
            connection.pause(pause_ms).await.map_err(|_| Verdict::Close)
        }
        Command::Flush => {
            order::send_head(request).await?;
            order::flush(request).await.map_err(|_| Verdict::Close)
        }
    }
}

/// One piece of text for all, as far as that is sensible: it may be the client who says how often.
async fn duplicate(request: &mut Request, count: u64, text: &[u8]) -> Result<(), Verdict> {
    let at_once = (LARGEST_PIECE / text.len().max(1)).max(1) as u64;
    let mut left = if text.is_empty() { 0 } else { count };
    while left > 0 {
        let now = left.min(at_once);
        say(request, &text.repeat(now as usize)).await?;
        left -= now;
    }
    Ok(())
}

async fn say(request: &mut Request, text: &[u8]) -> Result<(), Verdict> {
    order::send_head(request).await?;
    order::send_body(request, text).await.map_err(|_| Verdict::Close)
}

/// Behind a head that was sent, only the end of the connection can show a fault.
fn refuse(request: &Request, status: u16) -> Verdict {
    if request.header_sent { Verdict::Close } else { Verdict::Finish(status) }
}

/// Digits, with underscores between them as one likes.
fn number(text: &[u8]) -> Option<u64> {
    let digits: Vec<u8> = text.iter().copied().filter(|&byte| byte != b'_').collect();
    digits_to_number(&digits)
}

fn digits_to_number(digits: &[u8]) -> Option<u64> {
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    std::str::from_utf8(digits).ok().filter(|_| is_number)?.parse().ok()
}

/// Seconds with up to three decimals (`ngx_atofp`).
fn milliseconds(text: &[u8]) -> Option<u64> {
    let point = text.iter().position(|&byte| byte == b'.').unwrap_or(text.len());
    let decimals = text.get(point + 1..).unwrap_or_default();
    if decimals.len() > 3 {
        return None;
    }
    let zeros = &b"000"[decimals.len()..];
    digits_to_number(&[&text[..point], decimals, zeros].concat())
        .filter(|_| text.len() > usize::from(point < text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times() {
        assert_eq!([number(b"1_000"), number(b"x"), number(b"")], [Some(1000), None, None]);
        let times = [b"1".as_slice(), b"0.25", b".5", b"1.", b"1.2345", b"1.2.3", b"x", b""].map(milliseconds);
        assert_eq!(times, [Some(1000), Some(250), Some(500), Some(1000), None, None, None, None]);
    }
}
