//! The query engine over a lake, and a question asked of a data folder while no server runs.
//! Deliberately absent: KQL and tables.
