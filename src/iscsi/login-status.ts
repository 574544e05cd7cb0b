/** Login status: class in the high byte, detail in the low one (RFC 7143 section 11.13.5). */
export const loginStatus = {
  success: 0x0000,
  initiatorError: 0x0200,
  authenticationFailed: 0x0201,
  targetNotFound: 0x0203,
  unsupportedVersion: 0x0205,
  missingParameter: 0x0207,
  sessionTypeUnsupported: 0x0209,
  sessionDoesNotExist: 0x020a,
  invalidRequest: 0x020b,
  serviceUnavailable: 0x0301,
  outOfResources: 0x0302,
} as const

/** Stages of a login (section 11.12.3). */
export const stage = { security: 0, operational: 1, fullFeature: 3 } as const

/** Whether trying again later can help: the target is there but doesn't serve at the moment (class 3). */
export function isTemporary(status: number): boolean {
  return status >> 8 === 3
}

/** What a status means, for people. */
export function describeLoginStatus(status: number): string {
  const known = Object.entries(loginStatus).find(([, value]) => value === status)
  const words = known ? known[0].replaceAll(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`) : "unknown status"
  return `${words} (0x${status.toString(16).padStart(4, "0")})`
}
