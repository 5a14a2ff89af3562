package io.meltemi.embedded.image;

import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** All entries of {@code meltemi.yaml}. */
public record ImageTable(List<ImageRule> rules) {
  /** The longer name is read later and so wins. */
  private static final Comparator<ImageRule> BY_LENGTH =
      Comparator.comparingInt((ImageRule rule) -> rule.name().length())
          .thenComparing(ImageRule::name);

  public static final ImageTable EMPTY = new ImageTable(List.of());

  public ImageTable {
    rules = rules.stream().sorted(BY_LENGTH).toList();
  }

  /** How an image runs: all entries that fit, put together; empty when none gives a command. */
  public Optional<ImageCommand> find(String image) {
    List<String> command = List.of();
    Map<String, String> environment = new LinkedHashMap<>();
    String directory = "";
    Map<Integer, Integer> listen = new LinkedHashMap<>();
    for (ImageRule rule : rules) {
      if (rule.fits(image)) {
        command = rule.command().isEmpty() ? command : rule.command();
        directory = rule.directory().isEmpty() ? directory : rule.directory();
        environment.putAll(rule.environment());
        listen.putAll(rule.listen());
      }
    }
    return command.isEmpty()
        ? Optional.empty()
        : Optional.of(new ImageCommand(command, environment, directory, listen));
  }
}
