package io.meltemi.controlplane.gatewayapi;

/** Why something is not as written; reason is a word of the API, message for people. */
record Problem(String reason, String message) {
  /** Both problems, under the reason of the first. */
  Problem and(Problem other) {
    return new Problem(reason, message + "; " + other.message);
  }
}
