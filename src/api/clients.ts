import { z } from "zod"
import { withRules } from "./rules.ts"

const MAX_CLIENTS = 32
/** Of labels, expressions, values and exceptions within one of them. */
const MAX_PARTS = 16

const name = "[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?"
const domain = "[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
/** With the length below, a part of what the API server takes: no prefix is too long. */
const LABEL_KEY = `^(${domain}/)?${name}$`
const MAX_LABEL_KEY = 253
const labelKey = new RegExp(LABEL_KEY)
const LABEL_VALUE = `^(${name})?$`

const byte = "(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
const group = "[0-9A-Fa-f]{1,4}"
/** RFC 4291 2.2, without dotted decimals: all eight groups, or `::` behind up to seven of them. */
const ipv6 = [
  `(${group}:){7}${group}`,
  `::(${group}(:${group}){0,6})?`,
  ...[1, 2, 3, 4, 5, 6].map((before) => `(${group}:){${before}}:(${group}(:${group}){0,${6 - before}})?`),
  `(${group}:){7}:`,
]
/** Two engines read it, JavaScript's and RE2. */
const CIDR = `^(${byte}([.]${byte}){3}/(3[0-2]|[12]?[0-9])|(${ipv6.join("|")})/(12[0-8]|1[01][0-9]|[1-9]?[0-9]))$`

const cidr = (what: string) =>
  z
    .string()
    .max(43)
    .regex(new RegExp(CIDR), "must be a block of addresses such as 10.9.8.0/24 or 2001:db8::/64")
    .describe(what)

const listed = <T extends z.ZodType>(item: T, what: string) =>
  z.array(item).max(MAX_PARTS).describe(what).meta({ "x-kubernetes-list-type": "atomic" })

const labelValue = z
  .string()
  .max(63)
  .regex(new RegExp(LABEL_VALUE), "must be a label's value")
  .describe("A label's value.")

const matchLabels = withRules(
  z
    .record(z.string(), labelValue)
    .refine((labels) => Object.keys(labels).length <= MAX_PARTS, { message: `must be at most ${MAX_PARTS} labels` })
    .meta({ maxProperties: MAX_PARTS })
    .describe("Labels that it must have, each with this value."),
  [
    {
      holds: (labels) => Object.keys(labels).every((key) => key.length <= MAX_LABEL_KEY && labelKey.test(key)),
      cel: `self.all(key, key.size() <= ${MAX_LABEL_KEY} && key.matches(r'${LABEL_KEY}'))`,
      message: "each key must be a label's key",
    },
  ],
)

const requirement = withRules(
  z
    .object({
      key: z.string().max(MAX_LABEL_KEY).regex(labelKey, "must be a label's key").describe("Key of the label."),
      operator: z
        .enum(["In", "NotIn", "Exists", "DoesNotExist"])
        .describe("How the label is compared: with values, or whether it is there."),
      values: listed(labelValue, "What In and NotIn compare with; none with the others.").optional(),
    })
    .describe("What a label must be like."),
  [
    {
      holds: ({ operator, values = [] }) => (operator === "In" || operator === "NotIn") === values.length > 0,
      cel: "(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)",
      message: "In and NotIn need values, Exists and DoesNotExist take none",
    },
  ],
)

const selector = (what: string) =>
  z
    .object({
      matchLabels: matchLabels.optional(),
      matchExpressions: listed(requirement, "What labels must be like; all must hold.").optional(),
    })
    .describe(what)

const ipBlock = withRules(
  z
    .object({
      cidr: cidr("A block of addresses: 10.9.8.0/24, 2001:db8::/64."),
      except: listed(
        cidr("A block within cidr."),
        "Blocks within cidr that are left out. If one is not within cidr, this ipBlock lets nobody in.",
      ).optional(),
    })
    .describe("Addresses, mostly of what is outside of the cluster: those of pods come and go."),
  [
    {
      holds: ({ cidr, except = [] }) =>
        except.every((one) => one.includes(":") === cidr.includes(":") && prefixLength(one) > prefixLength(cidr)),
      cel: "!has(self.except) || self.except.all(x, x.contains(':') == self.cidr.contains(':') && int(x.split('/')[1]) > int(self.cidr.split('/')[1]))",
      message: "each block of except must be within cidr, and smaller",
    },
  ],
)

const prefixLength = (cidr: string) => Number(cidr.split("/")[1])

const client = withRules(
  z
    .object({
      podSelector: selector(
        "Pods with these labels; {} selects all. Of the session's namespace, or with namespaceSelector of those.",
      ).optional(),
      namespaceSelector: selector("Namespaces with these labels; {} selects all.").optional(),
      ipBlock: ipBlock.optional(),
    })
    .describe("Who is let in: pods by their labels and those of their namespaces, or a block of addresses."),
  [
    {
      holds: ({ podSelector, namespaceSelector, ipBlock }) =>
        (ipBlock !== undefined) !== (podSelector !== undefined || namespaceSelector !== undefined),
      cel: "has(self.ipBlock) != (has(self.podSelector) || has(self.namespaceSelector))",
      message: "each must have either ipBlock, or podSelector, namespaceSelector or both",
    },
  ],
)

/** `access.clients` of a session: peers as a NetworkPolicy has them, bounded, and without what a NetworkPolicy would refuse. */
export const clients = z
  .array(client)
  .max(MAX_CLIENTS)
  .describe(
    "Who may reach the session's files over the network, HTTPS and SFTP, at the Service in status.access: peers as in a NetworkPolicy. They still need the password or a key. Empty or absent: nobody, and files are read through the API server, by kubectl recover or port-forward. Whoever names some must be allowed to create NetworkPolicies. Can be changed at any time: within seconds others are let in; connections that are open may stay, as the network plug-in has it.",
  )
  .meta({ "x-kubernetes-list-type": "atomic" })

/** Somebody who is let in, as the spec has them. */
export type AccessClient = z.output<typeof client>
