package io.meltemi.embedded.image;

import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.config.yaml.ObjectReader;
import io.meltemi.config.yaml.YamlLimits;
import io.meltemi.config.yaml.YamlNode;
import io.meltemi.config.yaml.YamlReader;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/** Reads {@code meltemi.yaml}, collecting every error. */
public final class ImageTableParser {
  private static final String FIELDS = "an object with the field images";

  private ImageTableParser() {}

  /**
   * Parses a file's text; an empty one is an empty table.
   *
   * @param location the file, for messages
   */
  public static Validation<ImageTable> parse(String text, String location) {
    Validation.Collector found = new Validation.Collector();
    YamlReader.Result read = YamlReader.read(text, location, YamlLimits.DEFAULT);
    collect(read.errors(), found);
    List<ImageRule> rules = new ArrayList<>();
    for (YamlReader.Document document : read.documents()) {
      collect(document.errors(), found);
      YamlNode root = document.root();
      if (root instanceof YamlNode.YamlMap map) {
        ObjectReader reader = ObjectReader.of(map, found);
        reader
            .objectMap("images", ImageTableParser::rule)
            .forEach((name, rule) -> rules.add(rule.named(name)));
        reader.close();
      } else {
        found.error(root.origin(), "", root.describe(), FIELDS);
      }
    }
    return found.finish(() -> new ImageTable(rules));
  }

  private static void collect(List<Violation> errors, Validation.Collector found) {
    errors.forEach(
        error -> found.error(error.origin(), error.path(), error.found(), error.expected()));
  }

  /** A rule whose name is the key of the map and not known to its reader. */
  private record Unnamed(
      List<String> command,
      Map<String, String> environment,
      String directory,
      Map<Integer, Integer> listen,
      Origin origin) {
    ImageRule named(String name) {
      return new ImageRule(name, command, environment, directory, listen, origin);
    }
  }

  private static Unnamed rule(ObjectReader reader) {
    List<String> command = reader.strings("command");
    for (int i = 0; i < command.size(); i++) {
      int index = i;
      Tokens.firstUnknown(command.get(i))
          .ifPresent(token -> reader.error("command", index, token, tokens()));
    }
    Map<String, String> environment = reader.stringMap("env");
    environment.values().stream()
        .flatMap(value -> Tokens.firstUnknown(value).stream())
        .forEach(token -> reader.error("env", token, tokens()));
    String directory = reader.string("directory");
    Tokens.firstUnknown(directory).ifPresent(token -> reader.error("directory", token, tokens()));
    Map<Integer, Integer> listen = new TreeMap<>();
    reader
        .integerMap("listen", 1, 65_535)
        .forEach(
            (containerPort, port) -> {
              if (containerPort.matches("[1-9]\\d{0,4}")) {
                listen.put(Integer.valueOf(containerPort), port);
              } else {
                reader.error("listen", containerPort, "a containerPort from 1 to 65535");
              }
            });
    reader.close();
    return new Unnamed(command, environment, directory, listen, reader.origin());
  }

  private static String tokens() {
    return "one of ${"
        + String.join("}, ${", Tokens.NAMES.stream().sorted().toList())
        + "}, ${port} and ${port:N}";
  }
}
