use inro_credential::{CredentialType, RoleTable};
use serde_json::{Map, Value, json};

use super::record::EmployeeRecord;

/// The claims of a credential of type `kind` for `employee`.
///
/// `None` where the employee can have no such credential: the type is none that HR files speak of,
/// or it is `role-authority` and the employee has no role in the present role table.
pub fn claims(
    employee: &EmployeeRecord,
    kind: &CredentialType,
    roles: &RoleTable,
) -> Option<Map<String, Value>> {
    match kind.id() {
        "employee-id" => Some(employee_id(employee)),
        "role-authority" => role_authority(employee, roles),
        _ => None,
    }
}

fn employee_id(employee: &EmployeeRecord) -> Map<String, Value> {
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("employee_number", json!(employee.employee_number));
    put("name_kanji", json!(employee.name_kanji));
    put("name_kana", json!(employee.name_kana));
    if let Some(name) = &employee.name_latin {
        put("name_latin", json!(name));
    }
    put("agency", json!({"code": employee.agency_code, "name": employee.agency}));
    put("department", json!({"code": employee.department_code, "name": employee.department}));
    put("post", json!(employee.post));
    put("employment", json!(employee.employment.as_str()));
    if let Some(grade) = employee.grade {
        put("grade", json!(grade));
    }
    claims
}

/// All roles of an employee in one credential; the type's file says why it has this shape.
fn role_authority(employee: &EmployeeRecord, table: &RoleTable) -> Option<Map<String, Value>> {
    let held: Vec<_> =
        employee.roles.iter().filter_map(|held| Some((held, table.role(&held.code)?))).collect();
    let clearance = held.iter().map(|(_, role)| role.clearance).max()?;
    let mut powers: Vec<&str> = Vec::new();
    for power in held.iter().flat_map(|(_, role)| &role.powers) {
        if !powers.contains(&power.as_str()) {
            powers.push(power);
        }
    }
    let roles: Vec<Value> = held
        .iter()
        .map(|(assignment, role)| {
            let scope = scope(employee, Some(&assignment.unit), assignment.business_area.as_ref());
            json!({"code": role.code, "scope": scope, "powers": role.powers})
        })
        .collect();
    let unit = shared(held.iter().map(|(assignment, _)| Some(&assignment.unit)));
    let business_area = shared(held.iter().map(|(assignment, _)| assignment.business_area.as_ref()));
    let mut claims = Map::new();
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("powers", json!(powers));
    put("scope", scope(employee, unit, business_area));
    put("roles", json!(roles));
    put("clearance", json!(clearance));
    if let Some(contract) = &employee.contract_id {
        put("contract", json!(contract));
    }
    Some(claims)
}

/// What stands at the top holds for every power, so it is there only where all roles agree.
fn shared<'a>(mut values: impl Iterator<Item = Option<&'a String>>) -> Option<&'a String> {
    let first = values.next()??;
    values.all(|value| value == Some(first)).then_some(first)
}

fn scope(employee: &EmployeeRecord, unit: Option<&String>, business_area: Option<&String>) -> Value {
    let mut scope = Map::new();
    scope.insert("agency".to_owned(), json!(employee.agency_code));
    for (name, value) in [("unit", unit), ("business_area", business_area)] {
        if let Some(value) = value {
            scope.insert(name.to_owned(), json!(value));
        }
    }
    Value::Object(scope)
}
