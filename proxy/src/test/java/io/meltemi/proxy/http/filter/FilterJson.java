package io.meltemi.proxy.http.filter;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.util.JsonFormat;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Violation;
import io.meltemi.proxy.parse.ParseScope;
import java.util.List;

/** Protos of a test, written as JSON with single quotes. */
public final class FilterJson {
  private FilterJson() {}

  /** Fills the builder; {@code any} tells the messages that may stand in an {@code Any}. */
  public static <B extends Message.Builder> B merge(String json, B proto, Message... any) {
    JsonFormat.TypeRegistry.Builder types = JsonFormat.TypeRegistry.newBuilder();
    for (Message message : any) {
      types.add(message.getDescriptorForType());
    }
    try {
      JsonFormat.parser().usingTypeRegistry(types.build()).merge(json.replace('\'', '"'), proto);
      return proto;
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalArgumentException(json, e);
    }
  }

  public static ParseScope scope() {
    return ParseScope.root(Origin.of("test"));
  }

  /** What was complained about: path, what stood there, what was expected. */
  public static List<String> errors(ParseScope scope) {
    return scope.out().finish(() -> "").errors().stream().map(FilterJson::text).toList();
  }

  private static String text(Violation violation) {
    return violation.path() + ": " + violation.found() + " | " + violation.expected();
  }
}
