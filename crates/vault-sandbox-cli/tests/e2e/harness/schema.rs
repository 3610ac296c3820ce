//! Whether an object is as `docs/schema/` says. Stricter than the standard: what is not documented may
//! not be printed, though readers must let it pass.
//!
//! Only the keywords that the documents use are known, so that none is taken for checked that is not.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use chrono::{DateTime, NaiveDate};
use serde_json::Value;

/// A document of `docs/schema/`.
pub(crate) struct Schema {
    root: Value,
}

/// Properties that were met, as pointers into the document.
pub(crate) type Met = BTreeSet<String>;

/// Names that an object may have.
type Names = BTreeSet<String>;

impl Schema {
    /// The one by the name that objects have in `schema`: `vault-sandbox/result/1`.
    pub(crate) fn named(name: &str) -> Self {
        let file = name
            .strip_prefix("vault-sandbox/")
            .unwrap()
            .replace('/', "-");
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../docs/schema")
            .join(format!("{file}.json"));
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        let root: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(root["title"], name);
        Self { root }
    }

    /// What the object has of the document; or what is wrong with it.
    pub(crate) fn check(&self, object: &Value) -> Result<Met, String> {
        let mut met = Met::new();
        self.whole("#", object, &mut met)?;
        Ok(met)
    }

    /// Every property that the document has.
    pub(crate) fn properties(&self) -> Met {
        let mut all = Met::new();
        collect("#", &self.root, &mut all);
        all
    }

    /// The commands that add something to what every object has.
    pub(crate) fn commands(&self) -> BTreeSet<String> {
        let rules = self.root["allOf"].as_array().unwrap();
        rules.iter().flat_map(commands_of).collect()
    }

    /// What a command adds.
    pub(crate) fn added_by(&self, command: &str) -> BTreeSet<String> {
        let rules = self.root["allOf"].as_array().unwrap();
        let rule = rules
            .iter()
            .find(|rule| commands_of(rule).iter().any(|c| c == command));
        let rule = rule.unwrap_or_else(|| panic!("{command} is not in the document"));
        let definition = self.at(rule["then"]["$ref"].as_str().unwrap());
        let shared = definition["allOf"].as_array().into_iter().flatten();
        let shared = shared.map(|rule| self.at(rule["$ref"].as_str().unwrap()));
        let properties = shared
            .chain([definition])
            .flat_map(|d| d["properties"].as_object());
        properties.flat_map(|p| p.keys().cloned()).collect()
    }

    fn at(&self, pointer: &str) -> &Value {
        let found = self.root.pointer(pointer.strip_prefix('#').unwrap());
        found.unwrap_or_else(|| panic!("{pointer} is not in the document"))
    }

    /// A value with all that belongs to it: an object has no other names than documented.
    fn whole(&self, at: &str, value: &Value, met: &mut Met) -> Result<(), String> {
        let names = self.part(at, value, met)?;
        let Some(object) = value.as_object() else {
            return Ok(());
        };
        match object.keys().find(|key| !names.contains(*key)) {
            Some(key) => Err(format!("{key} is not documented at {at}: {value}")),
            None => Ok(()),
        }
    }

    /// One schema of perhaps several that hold for a value.
    fn part(&self, at: &str, value: &Value, met: &mut Met) -> Result<Names, String> {
        let schema = self.at(at);
        let mut names = Names::new();
        for (keyword, rule) in schema.as_object().unwrap() {
            let here = format!("{at}/{keyword}");
            let wrong = || format!("{value} is not as {here} says: {rule}");
            match keyword.as_str() {
                "$schema" | "$defs" | "title" | "description" | "then" => {}
                "$ref" => names.extend(self.referred(rule.as_str().unwrap(), value, met)?),
                "allOf" => {
                    for index in 0..rule.as_array().unwrap().len() {
                        names.extend(self.part(&format!("{here}/{index}"), value, met)?);
                    }
                }
                "anyOf" => names.extend(self.any(&here, rule, value, met)?),
                "if" => {
                    let holds = self.part(&here, value, &mut Met::new()).is_ok();
                    if holds {
                        names.extend(self.part(&format!("{at}/then"), value, met)?);
                    }
                }
                "type" => is_of(rule, value).then_some(()).ok_or_else(wrong)?,
                "const" => (rule == value).then_some(()).ok_or_else(wrong)?,
                "enum" => {
                    let known = rule.as_array().unwrap().contains(value);
                    known.then_some(()).ok_or_else(wrong)?;
                }
                "format" => is_written(rule, value).then_some(()).ok_or_else(wrong)?,
                "required" => {
                    let has = |name: &Value| value.get(name.as_str().unwrap()).is_some();
                    let all = value.is_null() || rule.as_array().unwrap().iter().all(has);
                    all.then_some(()).ok_or_else(wrong)?;
                }
                "items" => {
                    for item in value.as_array().into_iter().flatten() {
                        self.whole(&here, item, met)?;
                    }
                }
                "properties" => {
                    for name in rule.as_object().unwrap().keys() {
                        names.insert(name.clone());
                        if let Some(inner) = value.get(name) {
                            let property = format!("{here}/{}", name.replace(' ', "%20"));
                            self.whole(&property, inner, met)?;
                            met.insert(property);
                        }
                    }
                }
                other => panic!("{other} is not known here, at {at}"),
            }
        }
        Ok(names)
    }

    /// In this document, or in one beside it: `result-1.json#/properties/error`.
    fn referred(&self, to: &str, value: &Value, met: &mut Met) -> Result<Names, String> {
        let (document, pointer) = to.split_once('#').unwrap_or((to, ""));
        let pointer = format!("#{pointer}");
        let Some(name) = document.strip_suffix(".json") else {
            return self.part(&pointer, value, met);
        };
        let (name, version) = name.rsplit_once('-').unwrap();
        let other = Self::named(&format!("vault-sandbox/{name}/{version}"));
        other.part(&pointer, value, &mut Met::new())
    }

    fn any(&self, at: &str, rules: &Value, value: &Value, met: &mut Met) -> Result<Names, String> {
        let mut names = Names::new();
        let mut fits = false;
        for index in 0..rules.as_array().unwrap().len() {
            let mut seen = Met::new();
            if let Ok(more) = self.part(&format!("{at}/{index}"), value, &mut seen) {
                fits = true;
                names.extend(more);
                met.extend(seen);
            }
        }
        fits.then_some(names)
            .ok_or_else(|| format!("{value} is none of {at}"))
    }
}

/// For which commands a rule of the document holds.
fn commands_of(rule: &Value) -> Vec<String> {
    let command = &rule["if"]["properties"]["command"];
    let several = command["enum"].as_array().cloned().unwrap_or_default();
    let one = command.get("const").cloned();
    several
        .into_iter()
        .chain(one)
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

fn is_of(rule: &Value, value: &Value) -> bool {
    let one = |name: &Value| match name.as_str().unwrap() {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "integer" => value.is_u64() || value.is_i64(),
        "boolean" => value.is_boolean(),
        "null" => value.is_null(),
        other => panic!("{other} is not known here"),
    };
    match rule.as_array() {
        Some(names) => names.iter().any(one),
        None => one(rule),
    }
}

fn is_written(rule: &Value, value: &Value) -> bool {
    let text = value.as_str().unwrap_or_default();
    match rule.as_str().unwrap() {
        "date-time" => text.ends_with('Z') && DateTime::parse_from_rfc3339(text).is_ok(),
        "date" => NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok(),
        other => panic!("{other} is not known here"),
    }
}

/// Conditions name properties too, but document none.
fn collect(at: &str, value: &Value, all: &mut Met) {
    let (Some(object), false) = (value.as_object(), at.ends_with("/if")) else {
        for (index, item) in value.as_array().into_iter().flatten().enumerate() {
            collect(&format!("{at}/{index}"), item, all);
        }
        return;
    };
    for (name, inner) in object {
        let here = format!("{at}/{name}");
        if at.ends_with("/properties") {
            all.insert(here.clone());
        }
        collect(&here, inner, all);
    }
}
