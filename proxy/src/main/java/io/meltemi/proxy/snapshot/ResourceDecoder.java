package io.meltemi.proxy.snapshot;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.common.validation.Violation;
import java.util.function.BiFunction;
import java.util.stream.Collectors;

/** Bytes to a parsed resource, and violations to the text of a NACK. */
final class ResourceDecoder {
  private ResourceDecoder() {}

  static <M extends Message, T> Validation<T> decode(
      Any body, Parser<M> reader, Origin origin, BiFunction<M, Origin, Validation<T>> parser) {
    try {
      return parser.apply(reader.parseFrom(body.getValue()), origin);
    } catch (InvalidProtocolBufferException e) {
      return Validation.invalid(
          new Violation(origin, "", body.getTypeUrl(), "a readable message: " + e.getMessage()));
    }
  }

  /** Every error of a resource in one line; the resource itself is named by the caller. */
  static String text(Validation<?> invalid) {
    return invalid.errors().stream()
        .map(
            error ->
                (error.path().isEmpty() ? "" : error.path() + ": ")
                    + (error.found().isEmpty() ? "" : "found " + error.found() + " ")
                    + "(expected: "
                    + error.expected()
                    + ")")
        .collect(Collectors.joining("; "));
  }
}
