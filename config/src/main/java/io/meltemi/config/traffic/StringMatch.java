package io.meltemi.config.traffic;

/** How a string is matched (Istio {@code StringMatch}). */
public sealed interface StringMatch {
  /** The whole string, case-sensitive unless the place says otherwise. */
  record Exact(String value) implements StringMatch {}

  /** A leading part; not aware of path segments. */
  record Prefix(String value) implements StringMatch {}

  /** The whole string against an RE2 expression, known to compile. */
  record Regex(String value) implements StringMatch {}

  /** Any value, so long as there is one: an empty match of a header or query parameter. */
  record Present() implements StringMatch {}
}
