//! Moving a classic table of the retired HTTP Data Collector API to Logs Ingestion: which table, data collection rule,
//! endpoint and role assignment it takes, written as Bicep, ARM, Terraform or `az` commands, and whether a rule that is
//! there already takes what we send.
//!
//! Values in, text out. Deliberately absent: calling Azure, reading files, and the table's old rows, which stay where
//! they are.

mod arm;
mod az;
mod bicep;
mod check;
mod columns;
mod layout;
mod lost;
mod resources;
mod terraform;
mod transform;

pub use check::{DCR_BYTES_MAX, Finding, check};
pub use columns::{Shape, StreamColumn};
pub use lost::{Held, Loss, RETIRED, lost};

use columns::TableColumn;

/// The longest name of a column that Azure takes.
const COLUMN_NAME_CHARACTERS_MAX: usize = 45;
/// The longest transformation that a rule takes, in characters; ours are fixed, and a test measures them.
#[cfg(test)]
const TRANSFORM_CHARACTERS_MAX: usize = 15_360;
/// The longest name of a table that we write down.
const TABLE_NAME_CHARACTERS_MAX: usize = 63;

/// In what form the resources are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Bicep, for `az deployment group create`.
    Bicep,
    /// An ARM template in JSON.
    Arm,
    /// Terraform with the providers `azapi` and `azurerm`.
    Terraform,
    /// A shell script of `az` commands.
    Az,
}

/// Why there is no plan. The text says what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlanError {
    /// The name cannot be that of a custom table.
    #[error(
        "`{0}` is not the name of a custom table: letters, digits and _, a letter first, then _CL, {TABLE_NAME_CHARACTERS_MAX} characters at most"
    )]
    Name(String),
    /// The name does not tell whose events it holds.
    #[error(
        "`{0}` does not tell whose events it holds: name the provider too, one of auth0, onelogin"
    )]
    Provider(String),
}

/// What a table is to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Whose events: `auth0`, `onelogin`.
    pub provider: &'static str,
    /// The classic table that was named: `Auth0AM_CL`.
    pub classic_table: String,
    /// The table that gets the events from now on.
    pub table: String,
    /// Under which columns.
    pub shape: Shape,
    /// The rule's stream: what we send to.
    pub stream: String,
    /// What we send.
    pub stream_columns: Vec<StreamColumn>,
    /// The table's columns, each with what it is made of.
    table_columns: Vec<TableColumn>,
    /// Classic columns whose names Azure takes no more for new columns.
    pub unnameable: Vec<String>,
}

impl Plan {
    /// The plan for a classic table. `provider` is needed where the name is none of the usual ones.
    ///
    /// # Errors
    /// If the name is not that of a custom table, or does not tell whose events it holds.
    pub fn new(table: &str, provider: Option<&str>, shape: Shape) -> Result<Self, PlanError> {
        let classic_table = table_name(table)?;
        let provider = match provider {
            Some(name) => columns::provider(name),
            None => columns::provider_of_table(&classic_table),
        };
        let provider = provider.ok_or_else(|| PlanError::Provider(classic_table.clone()))?;
        let (table_columns, unnameable) = columns::table_columns(provider, shape);
        Ok(Self {
            provider: provider.name,
            table: match shape {
                Shape::Classic => classic_table.clone(),
                Shape::Current => provider.current_table.to_owned(),
                Shape::Asim => provider.asim_table.to_owned(),
            },
            classic_table,
            shape,
            stream: provider.stream.to_owned(),
            stream_columns: columns::stream_columns(provider),
            table_columns,
            unnameable,
        })
    }

    /// The resources in this form.
    #[must_use]
    pub fn write(&self, format: Format) -> String {
        match format {
            Format::Bicep => bicep::write(self),
            Format::Arm => arm::write(self),
            Format::Terraform => terraform::write(self),
            Format::Az => az::write(self),
        }
    }

    /// The rule's transformation.
    #[must_use]
    pub fn transform(&self) -> String {
        transform::write(self)
    }

    /// The stream that the rule writes to.
    #[must_use]
    pub fn output_stream(&self) -> String {
        format!("Custom-{}", self.table)
    }

    /// Whether the table is expected to be there: a classic one that was written to.
    fn is_table_there(&self) -> bool {
        self.shape == Shape::Classic
    }
}

/// The table's full name, with `_CL`.
fn table_name(written: &str) -> Result<String, PlanError> {
    let base = match written.len().checked_sub(3).and_then(|at| written.split_at_checked(at)) {
        Some((base, end)) if end.eq_ignore_ascii_case("_CL") => base,
        _ => written,
    };
    let valid = base.starts_with(|c: char| c.is_ascii_alphabetic())
        && base.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && base.len() + 3 <= TABLE_NAME_CHARACTERS_MAX;
    if valid { Ok(format!("{base}_CL")) } else { Err(PlanError::Name(written.to_owned())) }
}

#[cfg(test)]
mod tests;
