import { z } from "zod"
import { attachmentSchema } from "./attachment.ts"
import { copySchema } from "./copy.ts"
import {
  ATTACHMENT_KIND,
  ATTACHMENT_PLURAL,
  COPY_KIND,
  COPY_PLURAL,
  GROUP,
  SESSION_KIND,
  SESSION_PLURAL,
  VERSION,
} from "./group.ts"
import { sessionSchema } from "./session.ts"
import { structural } from "./structural.ts"
import type { SchemaNode } from "./structural.ts"

interface Definition {
  kind: string
  plural: string
  schema: z.ZodType
  shortNames?: string[]
  categories?: string[]
  status?: boolean
  columns: { name: string; type: string; jsonPath: string; description?: string; priority?: number }[]
}

const AGE = { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" }

const session: Definition = {
  kind: SESSION_KIND,
  plural: SESSION_PLURAL,
  schema: sessionSchema,
  shortNames: ["frsess"],
  categories: ["filerecovery"],
  status: true,
  columns: [
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "Recovery Point", type: "string", jsonPath: ".status.recoveryPoints[0].time" },
    { name: "Volumes", type: "integer", jsonPath: ".status.volumeCount" },
    // A string: kubectl shows a date column as its age, and one in the future as <invalid>.
    { name: "Expires", type: "string", jsonPath: ".status.expiresAt" },
    AGE,
    { name: "Message", type: "string", jsonPath: '.status.conditions[?(@.type=="Accepted")].message', priority: 1 },
    { name: "SFTP Host Key", type: "string", jsonPath: ".status.access.sftpHostKey", priority: 1 },
  ],
}

const attachment: Definition = {
  kind: ATTACHMENT_KIND,
  plural: ATTACHMENT_PLURAL,
  schema: attachmentSchema,
  columns: [{ name: "Session", type: "string", jsonPath: ".spec.sessionName" }, AGE],
}

const copy: Definition = {
  kind: COPY_KIND,
  plural: COPY_PLURAL,
  schema: copySchema,
  shortNames: ["frcopy"],
  categories: ["filerecovery"],
  status: true,
  columns: [
    { name: "Phase", type: "string", jsonPath: ".status.phase" },
    { name: "Files", type: "integer", jsonPath: ".status.files" },
    { name: "Bytes", type: "integer", jsonPath: ".status.bytes" },
    { name: "Failed", type: "integer", jsonPath: ".status.failed" },
    AGE,
    { name: "Claim", type: "string", jsonPath: ".spec.destination.persistentVolumeClaim.name", priority: 1 },
    { name: "Message", type: "string", jsonPath: '.status.conditions[?(@.type=="Complete")].message', priority: 1 },
  ],
}

/** The CustomResourceDefinitions by file name. A pure function of the zod schemas; `npm run crds` writes them down. */
export function renderCrds(): Record<string, object> {
  return Object.fromEntries([session, copy, attachment].map((one) => [`${GROUP}_${one.plural}.yaml`, render(one)]))
}

function render({ kind, plural, schema, shortNames, categories, status, columns }: Definition): object {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: {
        kind,
        listKind: `${kind}List`,
        plural,
        singular: kind.toLowerCase(),
        ...(shortNames && { shortNames }),
        ...(categories && { categories }),
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          ...(status && { subresources: { status: {} } }),
          additionalPrinterColumns: columns,
          schema: { openAPIV3Schema: openApi(schema) },
        },
      ],
    },
  }
}

/** The fields every object has come first, as `kubectl explain` expects them. */
function openApi(schema: z.ZodType): SchemaNode {
  const { properties, ...rest } = structural(z.toJSONSchema(schema, { target: "openapi-3.0", io: "input" }))
  const common = {
    apiVersion: { type: "string", description: `Version of this API: ${GROUP}/${VERSION}.` },
    kind: { type: "string", description: "Kind of this object." },
    metadata: { type: "object" },
  }
  return { ...rest, properties: { ...common, ...(properties as SchemaNode) } }
}
