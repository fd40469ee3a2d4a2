//! Runs cases written in Markdown against evenkeel and against the original it takes the place of.
//!
//! A case says what is configured, what is sent and what comes back; [`case`] reads it, [`run`] plays it with a
//! [`program::Program`], and [`compare`] tells whether the answer is the stored one. How a case is written: `cases/README.md`.

pub mod bytes;
pub mod case;
pub mod compare;
pub mod floods;
pub mod http2;
pub mod lab;
pub mod mask;
pub mod namespace;
pub mod not_yet;
pub mod ports;
pub mod program;
pub mod raw_client;
pub mod record;
pub mod reference;
pub mod run;
pub mod scratch;
pub mod scripted_upstream;
pub mod subject;
