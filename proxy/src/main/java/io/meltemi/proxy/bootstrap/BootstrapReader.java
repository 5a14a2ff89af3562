package io.meltemi.proxy.bootstrap;

import com.google.protobuf.Message;
import io.envoyproxy.envoy.config.bootstrap.v3.Bootstrap;
import io.meltemi.common.validation.Origin;
import io.meltemi.common.validation.Validation;
import io.meltemi.proxy.parse.ParseScope;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** Reads Envoy's messages out of YAML or JSON text. Any thread. */
public final class BootstrapReader {
  private final Map<String, Message> extensions = new LinkedHashMap<>();

  /**
   * @param extensions default instances of every message that may stand in an {@code Any}
   */
  public BootstrapReader(Collection<? extends Message> extensions) {
    for (Message extension : extensions) {
      this.extensions.put(extension.getDescriptorForType().getFullName(), extension);
    }
  }

  /**
   * Merges the text into a message, as {@code --config-yaml} is merged over the file.
   *
   * @param base what is there already
   * @param origin of the text, without line
   * @return the message, or every problem with its line and field path
   */
  public Validation<Bootstrap> read(Bootstrap base, String text, Origin origin) {
    return read(base.toBuilder(), text, origin).map(Bootstrap.class::cast);
  }

  /** Reads any message. */
  public Validation<Message> read(Message.Builder builder, String text, Origin origin) {
    Node document;
    try {
      document = YamlReader.read(text);
    } catch (YamlException e) {
      return Validation.invalid(
          new io.meltemi.common.validation.Violation(
              origin.at(e.line(), e.column()), "", "", "YAML or JSON: " + e.getMessage()));
    }
    ParseScope scope = ParseScope.root(origin);
    Message.Builder fresh = builder.getDefaultInstanceForType().newBuilderForType();
    new ProtoReader(extensions).read(document, fresh, scope);
    return scope.out().finish(() -> builder.mergeFrom(fresh.buildPartial()).build());
  }
}
