import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { deadlineSchema, releaseSchema, restoreStatusSchema, targetStatusSchema } from "../../../src/control/schemas.ts"
import { readAccess, readPodSecrets } from "../../../src/pod/secrets.ts"
import { releases } from "../../support/releases.ts"
import { makeSession, type TestSession } from "../../support/session.ts"

/** The pods of a session are of several releases after an upgrade: they, the operator and the Secrets stay on speaking terms. */
describe.each(releases().map((release) => [release.version, release] as const))("%s", (_, { pods }) => {
  let session: TestSession
  beforeAll(() => {
    session = makeSession()
  })
  afterAll(() => session.remove())

  const said = (file: string) => JSON.parse(pods.get(file) ?? "") as object

  test.each([
    ["target-status.json", targetStatusSchema],
    ["restore-status.json", restoreStatusSchema],
    ["deadline.json", deadlineSchema],
    ["release.json", releaseSchema],
  ])("%s is understood", (file, schema) => {
    expect(schema.parse(said(file))).toEqual(said(file))
  })

  test("what is in its Secrets is understood", async () => {
    const { restore } = session.secrets
    for (const file of ["chap.json", "access.json"]) writeFileSync(join(restore, file), pods.get(file) ?? "")
    expect((await readPodSecrets(restore, session.uid, "restore")).chap).toEqual(said("chap.json"))
    expect(await readAccess(restore)).toEqual(said("access.json"))
  })
})
