//! What the tests of conditions share.

use serde_json::Value;

/// Puts `null` in the place of the nth value of a walk.
pub(super) fn nullify(value: &mut Value, mut index: usize) {
    fn walk(value: &mut Value, left: &mut usize) -> bool {
        let children: Vec<&mut Value> = match value {
            Value::Object(fields) => fields.values_mut().collect(),
            Value::Array(items) => items.iter_mut().collect(),
            _ => return false,
        };
        for child in children {
            if *left == 0 {
                *child = Value::Null;
                return true;
            }
            *left -= 1;
            if walk(child, left) {
                return true;
            }
        }
        false
    }
    walk(value, &mut index);
}
