//! Geometry on the unit sphere, with geodesic edges: everything that the functions compute, without columns, JSON or
//! metres. Deliberately absent: how shapes are read and written (`geojson`, `wkt`).

pub(crate) mod antimeridian;
pub(crate) mod buffer;
pub(crate) mod cell;
pub(crate) mod closed;
pub(crate) mod cover;
pub(crate) mod edge;
pub(crate) mod noding;
pub(crate) mod overlay;
pub(crate) mod point;
pub(crate) mod polygon;
pub(crate) mod ring;
pub(crate) mod sectors;
pub(crate) mod simplify;
pub(crate) mod tessellate;
