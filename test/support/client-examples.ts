import type { SpecExample } from "./spec-examples.ts"
import { reached } from "./spec-parts.ts"

const pods = (matchLabels: object) => reached({ podSelector: { matchLabels } })
const expression = (one: object) => reached({ namespaceSelector: { matchExpressions: [one] } })
const block = (cidr: unknown, ...except: unknown[]) =>
  reached({ ipBlock: { cidr, ...(except.length > 0 && { except }) } })
const many = <T>(count: number, make: (index: number) => T) => Array.from({ length: count }, (_, index) => make(index))
const label = (length: number) => "a".repeat(length)

/** Rows of the table of specs: `access.clients`. What a NetworkPolicy would refuse for its form is refused here. */
export const clientExamples: SpecExample[] = [
  { name: "no client", spec: reached() },
  { name: "pods of the session's namespace", spec: pods({ app: "audit", "example.org/tier": "" }) },
  { name: "all pods of it", spec: reached({ podSelector: {} }) },
  { name: "pods of other namespaces", spec: reached({ podSelector: {}, namespaceSelector: { matchLabels: {} } }) },
  { name: "namespaces by expressions", spec: expression({ key: "team", operator: "NotIn", values: ["a", "b"] }) },
  { name: "namespaces that have a label", spec: expression({ key: "team", operator: "Exists" }) },
  { name: "a label as Helm leaves it", spec: expression({ key: "team", operator: "DoesNotExist", values: [] }) },
  { name: "the longest label", spec: pods({ [`${label(189)}/${label(63)}`]: label(63) }) },
  { name: "a block of addresses", spec: block("10.0.0.0/8", "10.1.0.0/16", "10.2.3.4/32") },
  { name: "a block with bits beyond its prefix", spec: block("10.9.8.7/8") },
  { name: "everybody", spec: block("0.0.0.0/0") },
  ...["2001:db8::/32", "::/0", "::1/128", "1::/16", "1:2:3:4:5:6:7::/112", "::2:3:4:5:6:7:8/128", "FE80::1:0A/128"].map(
    (cidr) => ({ name: `the block ${cidr}`, spec: block(cidr) }),
  ),
  { name: "a block of IPv6 without a part", spec: block("2001:db8::/32", "2001:db8:1::/48") },
  {
    name: "32 clients, 16 labels each",
    spec: reached(
      ...many(32, (client) => ({
        podSelector: {
          matchLabels: Object.fromEntries(many(16, (index) => [`${label(180)}/c${client}-l${index}`, "x"])),
        },
      })),
    ),
  },
  { name: "32 blocks, 16 parts each", spec: reached(...many(32, (index) => fullBlock(index))) },

  { name: "33 clients", spec: reached(...many(33, () => ({ podSelector: {} }))), refused: true },
  { name: "a client that is nobody", spec: reached({}), refused: "either ipBlock, or" },
  {
    name: "a client that is both",
    spec: reached({ podSelector: {}, ipBlock: { cidr: "10.0.0.0/8" } }),
    refused: "either ipBlock, or",
  },
  { name: "a client that is a name", spec: reached("audit"), refused: true },
  { name: "17 labels", spec: pods(Object.fromEntries(many(17, (index) => [`l${index}`, ""]))), refused: true },
  { name: "a label without name", spec: pods({ "example.org/": "x" }), refused: "a label's key" },
  { name: "a label of two prefixes", spec: pods({ "a/b/c": "x" }), refused: "a label's key" },
  { name: "a label in another's domain", spec: pods({ "Example.org/a": "x" }), refused: "a label's key" },
  { name: "a label that is too long", spec: pods({ [label(64)]: "x" }), refused: "a label's key" },
  { name: "a prefix that is too long", spec: pods({ [`${label(253)}/a`]: "x" }), refused: "a label's key" },
  { name: "a label's value with a blank", spec: pods({ app: "a b" }), refused: true },
  { name: "a label's value that is too long", spec: pods({ app: label(64) }), refused: true },
  { name: "a label's value as number", spec: pods({ app: 1 }), refused: true },
  { name: "In nothing", spec: expression({ key: "a", operator: "In", values: [] }), refused: "need values" },
  { name: "NotIn nothing", spec: expression({ key: "a", operator: "NotIn" }), refused: "need values" },
  {
    name: "Exists with values",
    spec: expression({ key: "a", operator: "Exists", values: ["b"] }),
    refused: "take none",
  },
  { name: "an operator nobody knows", spec: expression({ key: "a", operator: "Gt", values: ["1"] }), refused: true },
  { name: "an expression without key", spec: expression({ operator: "Exists" }), refused: true },
  { name: "an expression about no label", spec: expression({ key: "-", operator: "Exists" }), refused: true },
  ...[
    "10.0.0.0",
    "10.0.0.0/33",
    "10.0.0.0/08",
    "10.0.0.256/8",
    "010.0.0.0/8",
    "10.0.0/8",
    "10.0.0.0/8\n",
    "2001:db8::",
    "2001:db8::/129",
    "1:2:3:4:5:6:7/64",
    "1:2:3:4:5:6:7:8:9/64",
    "1::2::3/64",
    "::1:2:3:4:5:6:7:8/64",
    "fe80::1%eth0/64",
    "::ffff:10.0.0.0/104",
    "12345::/16",
    "example.org/8",
    "",
  ].map((cidr): SpecExample => ({ name: `the block ${JSON.stringify(cidr)}`, spec: block(cidr), refused: true })),
  { name: "a block without addresses", spec: reached({ ipBlock: { except: ["10.0.0.0/8"] } }), refused: true },
  { name: "17 parts", spec: block("10.0.0.0/8", ...many(17, (index) => `10.${index}.0.0/16`)), refused: true },
  { name: "a part that is no block", spec: block("10.0.0.0/8", "10.1.0.0"), refused: true },
  { name: "a part that is all of it", spec: block("10.0.0.0/8", "10.0.0.0/8"), refused: "within cidr, and smaller" },
  { name: "a part that is larger", spec: block("10.0.0.0/16", "10.0.0.0/8"), refused: "within cidr, and smaller" },
  { name: "a part of another family", spec: block("10.0.0.0/8", "2001:db8::/32"), refused: "within cidr, and smaller" },
]

function fullBlock(index: number): object {
  const head = `ffff:ffff:ffff:ffff:ffff:ffff:${index.toString(16)}`
  return { ipBlock: { cidr: `${head}:0000/112`, except: many(16, (part) => `${head}:fff${part.toString(16)}/128`) } }
}
