//! nginx's modules, a file each under the name of the directive's table; leaves that [`super::phases`] calls.

pub mod access;
pub mod auth_basic;
pub mod auth_request;
pub mod autoindex;
pub mod browser;
pub mod dav;
pub mod dav_copy;
pub mod echo;
pub mod empty_gif;
pub mod flv;
pub mod gzip_static;
pub mod headers_more;
pub mod index;
pub mod limit_conn;
pub mod limit_req;
pub mod mirror;
pub mod mp4;
pub mod proxy;
pub mod random_index;
pub mod realip;
pub mod referer;
pub mod secure_link;
pub mod static_files;
pub mod stub_status;
pub mod try_files;
pub mod tunnel;
pub mod userid;

use super::request::Request;
use super::verdict::Verdict;

/// The modules of the access phase, in nginx's order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccessModule {
    /// `allow`, `deny`
    Access,
    /// `auth_basic`
    AuthBasic,
    /// `auth_request`
    AuthRequest,
}

impl AccessModule {
    /// What the module says.
    pub async fn handle(self, request: &mut Request) -> Verdict {
        match self {
            Self::Access => access::handle(request),
            Self::AuthBasic => auth_basic::handle(request),
            Self::AuthRequest => auth_request::handle(request).await,
        }
    }
}
