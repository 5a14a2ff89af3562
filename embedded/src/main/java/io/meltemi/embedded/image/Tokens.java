package io.meltemi.embedded.image;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Fills in {@code ${name}}.
 *
 * @param values by name
 * @param ports by containerPort; {@code ${port}} is the one of {@code firstPort}
 * @param firstPort 0 when there is none
 */
public record Tokens(Map<String, String> values, Map<Integer, Integer> ports, int firstPort) {
  /** The names that {@link #values} has to have. */
  public static final Set<String> NAMES =
      Set.of("java", "root", "dir", "container", "image", "tag", "pod", "namespace", "ip");

  private static final Pattern TOKEN = Pattern.compile("\\$\\{([^}]*)}");
  private static final Pattern PORT = Pattern.compile("port(:\\d{1,5})?");

  public Tokens {
    values = Map.copyOf(values);
    ports = Map.copyOf(ports);
  }

  /** The first token that there is not, as written. */
  public static Optional<String> firstUnknown(String text) {
    return TOKEN
        .matcher(text)
        .results()
        .map(result -> result.group(1))
        .filter(name -> !NAMES.contains(name) && !PORT.matcher(name).matches())
        .map(name -> "${" + name + "}")
        .findFirst();
  }

  /** The text with every token replaced; a port that the container does not have becomes 0. */
  public String fill(String text) {
    return TOKEN.matcher(text).replaceAll(match -> Matcher.quoteReplacement(value(match.group(1))));
  }

  private String value(String name) {
    if (name.equals("port")) {
      return String.valueOf(ports.getOrDefault(firstPort, 0));
    }
    if (name.startsWith("port:")) {
      return String.valueOf(ports.getOrDefault(Integer.valueOf(name.substring(5)), 0));
    }
    return values.getOrDefault(name, "");
  }
}
