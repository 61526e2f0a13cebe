// Decides accounts by a file of DMN 1.3. Reading is dmn-moddle's, FEEL and unary tests are feelin's; what is done here is
// the order of decisions and the hit policy. Standard input: {"file", "accounts": [{name: value}]}; standard output: for each
// account the values of all decisions, and whatever FEEL warned of that is no missing value.
import { readFileSync } from 'node:fs';
import { DmnModdle } from 'dmn-moddle';
import { evaluate, unaryTest } from 'feelin';

const { file, accounts } = JSON.parse(readFileSync(0, 'utf8'));
const { rootElement, warnings } = await new DmnModdle().fromXML(readFileSync(file, 'utf8'));
if (warnings.length) throw new Error(warnings.map((w) => w.message).join('\n'));

const byId = new Map(rootElement.drgElement.map((e) => [e.id, e]));
const target = (reference) => byId.get(reference.href.slice(1));

const ALLOWED = new Set(['INVALID_TYPE', 'NOT_COMPARABLE', 'FUNCTION_INVOCATION_FAILURE', 'NO_PROPERTY_FOUND', 'OUT_OF_BOUNDS']);

function feel(text, context, complaints) {
  const { value, warnings } = evaluate(text, context);
  complaints.push(...warnings.filter((w) => !ALLOWED.has(w.type)).map((w) => `${w.type}: ${w.message} in ${text}`));
  return value;
}

function holds(text, input, context) {
  return text.trim() === '-' || unaryTest(text, { ...context, '?': input }).value === true;
}

function table(logic, context, complaints) {
  const inputs = logic.input.map((i) => feel(i.inputExpression.text, context, complaints));
  const hit = logic.rule.filter((r) => r.inputEntry.every((e, i) => holds(e.text, inputs[i], context)));
  const [first] = logic.output;
  const single = logic.output.length === 1;
  const rows = hit.map((r) => {
    const values = r.outputEntry.map((e) => feel(e.text, context, complaints));
    return single ? values[0] : Object.fromEntries(logic.output.map((o, i) => [o.name, values[i]]));
  });
  if (logic.hitPolicy === 'COLLECT') return rows;
  if (!rows.length) {
    if (!first.defaultOutputEntry) return null;
    const value = feel(first.defaultOutputEntry.text, context, complaints);
    return single ? value : { [first.name]: value };
  }
  if (logic.hitPolicy === 'UNIQUE' && rows.length > 1) return { several: rows };
  if (logic.hitPolicy === 'PRIORITY') {
    const order = feel(`[${first.outputValues.text}]`, {}, complaints);
    const rank = (row) => order.indexOf(single ? row : row[first.name]);
    rows.sort((a, b) => rank(a) - rank(b));
  }
  return rows[0];
}

function decide(given) {
  const values = new Map();
  const complaints = [];
  const valueOf = (element) => {
    if (values.has(element.id)) return values.get(element.id);
    let value;
    if (element.$type === 'dmn:InputData') {
      value = given[element.name] ?? null;
      if (value !== null && element.variable.typeRef === 'date') value = evaluate('date(d)', { d: value }).value;
    } else {
      const context = {};
      for (const need of element.informationRequirement ?? []) {
        const from = target(need.requiredInput ?? need.requiredDecision);
        context[from.name] = valueOf(from);
      }
      const logic = element.decisionLogic;
      value = logic.$type === 'dmn:DecisionTable' ? table(logic, context, complaints) : feel(logic.text, context, complaints);
    }
    values.set(element.id, value);
    return value;
  };
  const found = {};
  for (const element of byId.values()) {
    if (element.$type !== 'dmn:Decision') continue;
    const value = valueOf(element);
    found[element.name] = value !== null && typeof value === 'object' && !Array.isArray(value) && value.constructor !== Object
      ? evaluate('string(x)', { x: value }).value : value;
  }
  return { found, complaints };
}

process.stdout.write(JSON.stringify(accounts.map(decide)));
