package io.meltemi.proxy.bootstrap;

import com.google.protobuf.ByteString;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.parse.MessageTypes;
import io.meltemi.proxy.parse.ParseScope;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;

/** Reads Envoy's messages out of YAML or JSON text. Any thread. */
public final class BootstrapReader {
  private final Map<String, Supplier<Descriptor>> extensions;

  /**
   * @param extensions every message that may stand in an {@code Any}, by full name
   */
  public BootstrapReader(Map<String, Supplier<Descriptor>> extensions) {
    this.extensions = Map.copyOf(extensions);
  }

  /**
   * What could be read of a text.
   *
   * @param message without the parts that have errors
   * @param errors of the text itself; the message may have further ones
   * @param relocate gives a violation without line the line that its path has in the text
   */
  public record Reading(
      Message message, List<Violation> errors, UnaryOperator<Violation> relocate) {
    public Reading {
      errors = List.copyOf(errors);
    }
  }

  /**
   * Reads as much as can be read, so that all problems can be told at once.
   *
   * @param base what is there already; the text is merged over it
   * @param origin of the text, without line
   */
  public Reading readAll(Message base, String text, Origin origin) {
    Node document;
    try {
      document = YamlReader.read(text);
    } catch (YamlException e) {
      return new Reading(
          base,
          List.of(
              new Violation(
                  origin.at(e.line(), e.column()), "", "", "YAML or JSON: " + e.getMessage())),
          violation -> violation);
    }
    ParseScope scope = ParseScope.root(origin);
    ByteString fresh =
        new ProtoReader(extensions).read(document, MessageTypes.descriptor(base.getClass()), scope);
    Places places = new Places(document, origin);
    return new Reading(
        merge(base, fresh),
        scope.out().finish(() -> true).errors(),
        violation ->
            violation.origin().line() > 0
                    || !violation.origin().location().equals(origin.location())
                ? violation
                : new Violation(
                    places.find(violation.path()),
                    violation.path(),
                    violation.found(),
                    violation.expected()));
  }

  private static Message merge(Message base, ByteString fresh) {
    try {
      return base.toBuilder().mergeFrom(fresh).build();
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("not read back: " + e.getMessage(), e);
    }
  }

  /** Reads a message, or every problem of the text with its line and field path. */
  public Validation<Message> read(Message.Builder builder, String text, Origin origin) {
    Reading reading = readAll(builder.build(), text, origin);
    return reading.errors().isEmpty()
        ? Validation.valid(reading.message())
        : new Validation.Invalid<>(reading.errors(), List.of());
  }
}
