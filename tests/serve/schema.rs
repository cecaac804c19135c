//! As much of JSON Schema as our document uses.

use serde_json::Value;

/// What keeps `value` from being of `schema`, with `$ref`s looked up in `document`; empty where nothing does.
pub(crate) fn misfits(document: &Value, schema: &Value, value: &Value, at: &str) -> Vec<String> {
    let schema = resolved(document, schema);
    let mut found = Vec::new();
    for keyword in schema.as_object().unwrap().keys() {
        let known = [
            "type",
            "description",
            "properties",
            "required",
            "additionalProperties",
            "items",
            "enum",
            "oneOf",
            "minimum",
            "format",
            "pattern",
        ];
        assert!(
            known.contains(&keyword.as_str()),
            "{at}: {keyword} is not checked"
        );
    }
    if let Some(choices) = schema.get("oneOf") {
        let fits = choices.as_array().unwrap().iter();
        let fits = fits.filter(|choice| misfits(document, choice, value, at).is_empty());
        if fits.count() != 1 {
            found.push(format!("{at}: {value} fits not one of {choices}"));
        }
    }
    if let Some(kinds) = schema.get("type") {
        let kinds = kinds.as_array().cloned().unwrap_or(vec![kinds.clone()]);
        if !kinds.iter().any(|kind| is_a(value, kind.as_str().unwrap())) {
            found.push(format!("{at}: {value} is none of {kinds:?}"));
        }
    }
    if let Some(values) = schema.get("enum")
        && !values.as_array().unwrap().contains(value)
    {
        found.push(format!("{at}: {value} is none of {values}"));
    }
    if let (Some(least), Some(number)) = (schema.get("minimum"), value.as_f64())
        && number < least.as_f64().unwrap()
    {
        found.push(format!("{at}: {value} is below {least}"));
    }
    if let (Some("date"), Some(text)) = (schema["format"].as_str(), value.as_str())
        && blkprice::dates::parse(text).is_err()
    {
        found.push(format!("{at}: {value} is no date"));
    }
    if let (Some(pattern), Some(text)) = (schema.get("pattern"), value.as_str()) {
        assert_eq!(pattern, "^[0-9a-f]{64}$", "the one there is");
        if text.len() != 64
            || !text
                .bytes()
                .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
        {
            found.push(format!("{at}: {value} is no hash"));
        }
    }
    if let Some(rows) = value.as_array() {
        for (i, row) in rows.iter().enumerate() {
            found.extend(misfits(
                document,
                &schema["items"],
                row,
                &format!("{at}[{i}]"),
            ));
        }
    }
    if let (Some(fields), Some(properties)) = (value.as_object(), schema.get("properties")) {
        for name in schema["required"].as_array().unwrap() {
            if !fields.contains_key(name.as_str().unwrap()) {
                found.push(format!("{at}: {name} is missing"));
            }
        }
        for (name, field) in fields {
            match properties.get(name) {
                Some(schema) => {
                    found.extend(misfits(document, schema, field, &format!("{at}.{name}")))
                }
                None => found.push(format!("{at}: {name} is not in the document")),
            }
        }
    }
    found
}

pub(crate) fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(place) => document.pointer(place.strip_prefix('#').unwrap()).unwrap(),
        None => schema,
    }
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("{other}: no such type"),
    }
}
