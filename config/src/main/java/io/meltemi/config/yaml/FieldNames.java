package io.meltemi.config.yaml;

import java.util.Collection;
import java.util.Optional;

/** The two spellings of proto field names, and the nearest of several names. */
final class FieldNames {
  private FieldNames() {}

  /** {@code mirror_percent} to {@code mirrorPercent}; other names as they are. */
  static String toCamelCase(String name) {
    if (name.indexOf('_') <= 0) {
      return name;
    }
    StringBuilder camel = new StringBuilder(name.length());
    boolean upper = false;
    for (int i = 0; i < name.length(); i++) {
      char c = name.charAt(i);
      if (c == '_') {
        upper = true;
      } else {
        camel.append(upper ? Character.toUpperCase(c) : c);
        upper = false;
      }
    }
    return camel.toString();
  }

  /** The name that differs by the fewest edits, when it is near enough to be meant. */
  static Optional<String> nearest(String name, Collection<String> names) {
    String best = "";
    int bestDistance = Math.max(1, Math.min(name.length(), 64) / 3) + 1;
    for (String candidate : names) {
      int distance = distance(name, candidate, bestDistance);
      if (distance < bestDistance) {
        bestDistance = distance;
        best = candidate;
      }
    }
    return best.isEmpty() ? Optional.empty() : Optional.of(best);
  }

  private static int distance(String a, String b, int max) {
    if (a.length() > 64 || Math.abs(a.length() - b.length()) >= max) {
      return max;
    }
    int[] previous = new int[b.length() + 1];
    int[] current = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      previous[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      current[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        boolean same =
            Character.toLowerCase(a.charAt(i - 1)) == Character.toLowerCase(b.charAt(j - 1));
        current[j] =
            Math.min(Math.min(current[j - 1], previous[j]) + 1, previous[j - 1] + (same ? 0 : 1));
      }
      int[] swap = previous;
      previous = current;
      current = swap;
    }
    return previous[b.length()];
  }
}
