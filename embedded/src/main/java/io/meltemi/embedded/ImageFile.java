package io.meltemi.embedded;

import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.embedded.console.Console;
import io.meltemi.embedded.image.ImageTable;
import io.meltemi.embedded.image.ImageTableParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code meltemi.yaml} of a directory; keeps the last good one. One thread. */
final class ImageFile {
  static final String NAME = "meltemi.yaml";

  private final Path file;
  private final Console console;
  private Optional<String> text = Optional.empty();
  private Set<Violation> errors = Set.of();

  ImageFile(Path directory, Console console) {
    file = directory.resolve(NAME);
    this.console = console;
  }

  /** The table when the file is new or changed and good; a broken one is told. */
  Optional<ImageTable> poll() {
    String now;
    try {
      now = Files.readString(file);
    } catch (NoSuchFileException _) {
      // nothing is mapped, and each image will be named
      now = "";
    } catch (IOException e) {
      now = text.orElse("");
      console.line(Console.Event.ERROR, file + ": cannot be read: " + e.getMessage());
    }
    if (text.filter(now::equals).isPresent()) {
      return Optional.empty();
    }
    text = Optional.of(now);
    Validation<ImageTable> parsed = ImageTableParser.parse(now, file.toString());
    tell(parsed.errors());
    parsed.warnings().forEach(warning -> console.line(Console.Event.WARNING, warning.toString()));
    return switch (parsed) {
      case Validation.Valid<ImageTable> valid -> Optional.of(valid.value());
      case Validation.Invalid<ImageTable> _ -> Optional.empty();
    };
  }

  private void tell(List<Violation> found) {
    found.forEach(error -> console.line(Console.Event.ERROR, error.toString()));
    if (found.isEmpty() && !errors.isEmpty()) {
      console.line(Console.Event.MENDED, file.toString());
    }
    errors = new LinkedHashSet<>(found);
  }
}
