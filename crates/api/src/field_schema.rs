//! The part of JSON Schema in which the fields of an application are told, as a type: what a form has to know, and what the
//! interface's document says of it. `model::Form` writes it.
//! Deliberately absent: judging what was written, which providers and destinations do themselves.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use utoipa::ToSchema;

/// What may be written of a field, or of an object of fields: the words of JSON Schema (2020-12) that are used here, and two
/// of our own.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[expect(clippy::use_self, reason = "the document refers to a type by its name")]
pub struct FieldSchema {
    /// What it is, or what it may be.
    #[serde(rename = "type")]
    #[schema(nullable = false)]
    pub kind: Option<TypeNames>,
    /// Its label.
    #[schema(nullable = false)]
    pub title: Option<String>,
    /// What it is and where it is found.
    #[schema(nullable = false)]
    pub description: Option<String>,
    /// What counts if it is left out.
    pub default: Option<Value>,
    /// What it may look like.
    #[schema(nullable = false)]
    pub examples: Option<Vec<Value>>,
    /// The only values that it may have.
    #[serde(rename = "enum")]
    #[schema(nullable = false)]
    pub choices: Option<Vec<Value>>,
    /// The only value that it may have.
    #[serde(rename = "const")]
    pub word: Option<Value>,
    /// It is a secret.
    #[schema(nullable = false)]
    pub write_only: Option<bool>,
    /// What a text is: `uri`, `hostname`.
    #[schema(nullable = false)]
    pub format: Option<String>,
    /// What a text of several lines is.
    #[schema(nullable = false)]
    pub content_media_type: Option<String>,
    /// The least number.
    #[schema(nullable = false)]
    pub minimum: Option<f64>,
    /// What a number has to be above.
    #[schema(nullable = false)]
    pub exclusive_minimum: Option<f64>,
    /// The largest number.
    #[schema(nullable = false)]
    pub maximum: Option<f64>,
    /// The least number of characters.
    #[schema(nullable = false)]
    pub min_length: Option<u64>,
    /// The least number of entries.
    #[schema(nullable = false)]
    pub min_items: Option<u64>,
    /// The largest number of entries.
    #[schema(nullable = false)]
    pub max_items: Option<u64>,
    /// The entries of a list.
    #[schema(nullable = false, no_recursion)]
    pub items: Option<Box<FieldSchema>>,
    /// The fields of an object, in the order of a form.
    #[schema(nullable = false, no_recursion)]
    pub properties: Option<BTreeMap<String, FieldSchema>>,
    /// Whether an object may have other fields.
    #[schema(nullable = false)]
    pub additional_properties: Option<bool>,
    /// The fields that must be given.
    #[schema(nullable = false)]
    pub required: Option<Vec<String>>,
    /// Groups of alternatives.
    #[schema(nullable = false, no_recursion)]
    pub all_of: Option<Vec<FieldSchema>>,
    /// At least one of these.
    #[schema(nullable = false, no_recursion)]
    pub any_of: Option<Vec<FieldSchema>>,
    /// Exactly one of these.
    #[schema(nullable = false, no_recursion)]
    pub one_of: Option<Vec<FieldSchema>>,
    /// Nearly nobody needs it.
    #[serde(rename = "x-advanced")]
    #[schema(nullable = false)]
    pub advanced: Option<bool>,
    /// The server makes one if it is left out.
    #[serde(rename = "x-generated")]
    #[schema(nullable = false)]
    pub generated: Option<bool>,
}

/// The name of a type, or of each that it may be.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(untagged)]
pub enum TypeNames {
    /// Just this one.
    One(String),
    /// Any of these.
    Many(Vec<String>),
}
