package io.meltemi.embedded.image;

import io.meltemi.common.validation.Origin;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One entry of {@code meltemi.yaml}.
 *
 * @param name image name; without a tag it fits every tag, {@code *} fits anything
 * @param command program and arguments with tokens; empty leaves it to other entries
 * @param environment variables with tokens, in order
 * @param directory working directory with tokens; empty leaves it to other entries
 * @param listen containerPort to the port on which the program listens whatever it is told
 */
public record ImageRule(
    String name,
    List<String> command,
    Map<String, String> environment,
    String directory,
    Map<Integer, Integer> listen,
    Origin origin) {
  public ImageRule {
    command = List.copyOf(command);
    environment = Collections.unmodifiableMap(new LinkedHashMap<>(environment));
    listen = Map.copyOf(listen);
  }

  boolean fits(String image) {
    return matches(name, image) || (!tagged(name) && matches(name + ":*", image));
  }

  private static boolean tagged(String name) {
    return name.indexOf(':', name.lastIndexOf('/') + 1) >= 0;
  }

  /** Glob match with {@code *} alone; linear in the length of both. */
  private static boolean matches(String pattern, String text) {
    int star = -1;
    int mark = 0;
    int p = 0;
    int t = 0;
    while (t < text.length()) {
      if (p < pattern.length() && pattern.charAt(p) == '*') {
        star = p++;
        mark = t;
      } else if (p < pattern.length() && pattern.charAt(p) == text.charAt(t)) {
        p++;
        t++;
      } else if (star >= 0) {
        p = star + 1;
        t = ++mark;
      } else {
        return false;
      }
    }
    while (p < pattern.length() && pattern.charAt(p) == '*') {
      p++;
    }
    return p == pattern.length();
  }
}
