//! The numbers by which values name each other: to name a thing takes nothing that the thing is made of.

/// The number of a [`Server`](super::http::Server) in [`Http::servers`](super::http::Http::servers).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize)]
pub struct ServerId(pub u32);

/// The number of a variable: an index into [`Variables::used`](super::variables::Variables::used), and into a request's table of known values.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, serde::Serialize)]
pub struct VariableId(pub u32);

/// The number of a [`Geo`](super::http::geo::Geo) in [`Http::geos`](super::http::Http::geos).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize)]
pub struct GeoId(pub u32);

/// The number of a [`Map`](super::http::map::Map) in [`Http::maps`](super::http::Http::maps).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize)]
pub struct MapId(pub u32);

/// The number of a [`SplitClients`](super::http::split_clients::SplitClients) in
/// [`Http::split_clients`](super::http::Http::split_clients).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize)]
pub struct SplitClientsId(pub u32);
