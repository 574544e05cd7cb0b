import { defineConfig, type OxlintOverride } from "oxlint"

/**
 * The lint rules, and in them the import law of the house (docs/architecture.md): pure rooms do no I/O and are told
 * the time, the data path knows nothing of Kubernetes, and three libraries have one importer each.
 */
const io = ["fs", "fs/promises", "net", "tls", "http", "https", "http2", "dgram", "child_process", "worker_threads"]
const noIo = io.flatMap((name) => [`node:${name}`, name]).map((name) => ({ name, message: "Pure rooms do no I/O." }))
const noKubernetes = {
  name: "@kubernetes/client-node",
  message: "Only kube/, controller/ and cli/ talk to Kubernetes.",
}
const noForge = { name: "node-forge", message: "Only pki/ builds certificates." }
const noDotI = { name: "@dot-i/k8s-operator", message: "Only controller/operator.ts wraps it." }

const told = "Pure rooms are told the time and have no randomness."
const noClock = [
  { object: "Date", property: "now", message: told },
  { object: "performance", property: "now", message: told },
  { object: "Math", property: "random", message: told },
]

const deciders = ["session", "children", "gather", "controller"]
const dataPath = ["iscsi", "target", "initiator", "nbd", "guest", "files"]

type Law = {
  rooms: string[]
  not: string[]
  because: string
  paths?: { name: string; message: string }[]
  pure?: boolean
}

const laws: Law[] = [
  {
    rooms: ["api"],
    not: [...deciders, ...dataPath, "kube", "pki", "credentials", "control", "cli", "observability"],
    because: "api/ is what users write and read: it imports no other room.",
    pure: true,
  },
  {
    rooms: ["session", "children"],
    not: ["kube", "gather", "controller", "pki", "cli", "observability", "target", "initiator", "nbd"],
    because: "Pure rooms decide; they talk to nobody.",
    pure: true,
  },
  {
    rooms: ["gather"],
    not: ["controller", ...dataPath, "pki", "credentials", "control", "cli", "observability"],
    because: "It reads for the operator and for the CLI alike, and makes nothing: it knows neither.",
  },
  {
    rooms: ["iscsi", "block"],
    not: [...deciders, "kube", "target", "initiator", "nbd", "guest", "files", "cli"],
    because: "The wire knows neither end, and a block device is only a shape.",
    pure: true,
  },
  {
    rooms: ["target"],
    not: [...deciders, "kube", "initiator", "nbd", "guest", "files", "cli"],
    because: "The data path knows nothing of Kubernetes, and the target nothing of its clients.",
  },
  {
    rooms: ["initiator"],
    not: [...deciders, "kube", "target", "nbd", "guest", "files", "cli"],
    because: "The data path knows nothing of Kubernetes, and the initiator only the wire.",
  },
  {
    rooms: ["nbd", "guest", "files"],
    not: [...deciders, "kube", "target", "initiator", "cli"],
    because: "The data path knows nothing of Kubernetes.",
  },
  {
    rooms: ["pki"],
    not: [...deciders, ...dataPath, "kube", "cli"],
    because: "Identity knows nothing of those who use it.",
    paths: [noKubernetes, noDotI],
  },
  {
    rooms: ["credentials", "control"],
    not: [...deciders, "kube", "cli"],
    because: "Credentials and the control endpoint know nothing of Kubernetes.",
  },
  {
    rooms: ["client", "extract"],
    not: [...deciders, "kube", "cli", "copy", "pod"],
    because:
      "What reads a session's files and writes them down serves the CLI and the copy's pod alike: it knows neither.",
  },
  {
    rooms: ["copy"],
    not: [...deciders, "kube", "cli", "target", "initiator", "nbd", "guest"],
    because: "The copy's pod has no Kubernetes to talk to, and only reads what the file service offers.",
  },
  {
    rooms: ["exec"],
    not: [...deciders, "kube", "cli", "copy", "pod", "target", "initiator", "nbd", "guest"],
    because: "A program that kubectl exec starts is a client of the file service, as others are.",
  },
  {
    rooms: ["pod"],
    not: [...deciders, "kube", "cli"],
    because: "What runs in a session's pods has no Kubernetes to talk to.",
  },
  {
    rooms: ["kube", "observability"],
    not: [...deciders, ...dataPath, "cli"],
    because: "These rooms serve; they know no session.",
    paths: [noForge, noDotI],
  },
  {
    rooms: ["page"],
    not: [
      ...deciders,
      "iscsi",
      "target",
      "initiator",
      "nbd",
      "guest",
      "kube",
      "pki",
      "credentials",
      "control",
      "pod",
      "client",
      "extract",
      "copy",
      "cli",
    ],
    because: "The page runs in a browser: it knows what the file service says, and nothing else.",
    paths: [noKubernetes, noForge, noDotI, ...noIo],
  },
  {
    rooms: ["cli"],
    not: ["children", "controller"],
    because: "The CLI is a client: it may foresee what the operator would decide, but makes nothing itself.",
    paths: [noForge, noDotI],
  },
]

const enforce = ({ rooms, not, because, pure, paths = [noKubernetes, noForge, noDotI] }: Law): OxlintOverride => ({
  files: rooms.map((room) => `src/${room}/**`),
  rules: {
    "no-restricted-imports": [
      "error",
      {
        paths: pure ? [...paths, ...noIo] : paths,
        patterns: [{ group: not.map((room) => `**/${room}/**`), message: because }],
      },
    ],
    ...(pure ? { "no-restricted-properties": ["error", ...noClock] } : {}),
  },
})

export default defineConfig({
  plugins: ["typescript", "unicorn", "import", "vitest", "promise"],
  categories: { correctness: "error", suspicious: "error" },
  rules: {
    "max-lines": ["error", { max: 300 }],
    "typescript/no-explicit-any": "error",
    "typescript/no-floating-promises": "error",
    "vitest/valid-expect": ["error", { maxArgs: 2 }], // the second says what was looked at
    "no-restricted-imports": ["error", { paths: [noForge, noDotI] }],
    // Off, because they forbid what this house does on purpose:
    "no-underscore-dangle": "off", // `_` for what a callback is given and doesn't need
    "no-await-in-loop": "off", // one step after the other is often the point
    "no-shadow": "off",
    "unicorn/no-array-sort": "off",
    "unicorn/consistent-function-scoping": "off", // a helper may stand next to its only use
    "import/no-unassigned-import": "off",
    "typescript/no-unsafe-type-assertion": "off", // zod and guards check what comes from outside
    "typescript/consistent-return": "off", // tsc's noImplicitReturns says it better
  },
  overrides: [
    ...laws.map(enforce),
    // the second one runs the library as published, to show why it is wrapped
    {
      files: ["src/controller/operator.ts", "test/support/published-operator.ts"],
      rules: { "no-restricted-imports": ["error", { paths: [noForge] }] },
    },
  ],
})
