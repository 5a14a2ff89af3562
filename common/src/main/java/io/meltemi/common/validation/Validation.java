package io.meltemi.common.validation;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;

/**
 * The outcome of parsing or validating outside input: a value with warnings, or every error found.
 *
 * @param <T> the parsed value
 */
public sealed interface Validation<T> {

  /** Things that do not stop the value from being used; never null, may be empty. */
  List<Violation> warnings();

  /**
   * A usable value.
   *
   * @param value the parsed value
   * @param warnings what a person should look at all the same
   */
  record Valid<T>(T value, List<Violation> warnings) implements Validation<T> {
    public Valid {
      warnings = List.copyOf(warnings);
    }
  }

  /**
   * No usable value.
   *
   * @param errors all errors found, at least one
   * @param warnings what else was noticed
   */
  record Invalid<T>(List<Violation> errors, List<Violation> warnings) implements Validation<T> {
    public Invalid {
      errors = List.copyOf(errors);
      warnings = List.copyOf(warnings);
      if (errors.isEmpty()) {
        throw new IllegalArgumentException("errors is empty (expected: at least one)");
      }
    }
  }

  static <T> Validation<T> valid(T value) {
    return new Valid<>(value, List.of());
  }

  static <T> Validation<T> invalid(Violation error) {
    return new Invalid<>(List.of(error), List.of());
  }

  default <R> Validation<R> map(Function<? super T, ? extends R> function) {
    return switch (this) {
      case Valid<T>(T value, List<Violation> warnings) ->
          new Valid<>(function.apply(value), warnings);
      case Invalid<T>(List<Violation> errors, List<Violation> warnings) ->
          new Invalid<>(errors, warnings);
    };
  }

  default boolean isValid() {
    return this instanceof Valid<T>;
  }

  /** All errors; empty when valid. */
  default List<Violation> errors() {
    return switch (this) {
      case Valid<T> _ -> List.of();
      case Invalid<T> invalid -> invalid.errors();
    };
  }

  /**
   * The value.
   *
   * @throws IllegalStateException naming every error when invalid; for callers that have checked
   */
  default T orElseThrow() {
    return switch (this) {
      case Valid<T> valid -> valid.value();
      case Invalid<T> invalid -> throw new IllegalStateException(invalid.errors().toString());
    };
  }

  /** Collects violations while a value is built; not thread-safe. */
  final class Collector {
    private final List<Violation> errors = new ArrayList<>();
    private final List<Violation> warnings = new ArrayList<>();

    public void error(Origin origin, String path, String found, String expected) {
      errors.add(new Violation(origin, path, found, expected));
    }

    public void warn(Origin origin, String path, String found, String expected) {
      warnings.add(new Violation(origin, path, found, expected));
    }

    /** Takes over the violations of a part; true when the part was valid. */
    public boolean absorb(Validation<?> part) {
      errors.addAll(part.errors());
      warnings.addAll(part.warnings());
      return part.isValid();
    }

    public boolean hasErrors() {
      return !errors.isEmpty();
    }

    /**
     * Valid with the value when no error was collected, else invalid; the value is not asked for
     * then.
     */
    public <T> Validation<T> finish(java.util.function.Supplier<? extends T> value) {
      return errors.isEmpty()
          ? new Valid<>(value.get(), warnings)
          : new Invalid<>(errors, warnings);
    }
  }
}
