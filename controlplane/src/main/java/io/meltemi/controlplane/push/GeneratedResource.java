package io.meltemi.controlplane.push;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.protobuf.Parser;
import io.meltemi.common.validation.Origin;
import io.meltemi.xds.resource.EncodedResource;
import java.util.List;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A translated resource with what it was made of, so that a rejection by a proxy can name the line
 * a person must edit. It is encoded once, at the first question, and then is no more than its
 * bytes: the same instance may be part of many groups. Belongs to the push thread.
 */
public final class GeneratedResource {
  private final String name;
  private final List<Origin> origins;
  private final Parser<? extends Message> parser;
  private @Nullable Message body;
  private @Nullable EncodedResource encoded;

  /**
   * A resource as a message.
   *
   * @param name unique in its type, as proxies ask for it
   * @param body the wire message
   * @param origins of the configuration it was made of, the most specific first; may be empty
   */
  public GeneratedResource(String name, Message body, List<Origin> origins) {
    this.name = name;
    this.body = body;
    this.parser = body.getParserForType();
    this.origins = List.copyOf(origins);
  }

  public String name() {
    return name;
  }

  public List<Origin> origins() {
    return origins;
  }

  /** The wire message. */
  public Message body() {
    if (body != null) {
      return body;
    }
    try {
      return parser.parseFrom(bytes().bytes());
    } catch (InvalidProtocolBufferException e) {
      throw new IllegalStateException("a resource of ours is none: " + name, e);
    }
  }

  /** True when another group asked for the bytes before. */
  boolean isEncoded() {
    return body == null;
  }

  /**
   * Its bytes.
   *
   * @param shared gives the instance in use of what comes out the same
   */
  EncodedResource encoded(UnaryOperator<EncodedResource> shared) {
    if (body != null) {
      encoded = shared.apply(EncodedResource.encode(name, body));
      body = null;
    }
    return bytes();
  }

  private EncodedResource bytes() {
    if (encoded == null) {
      throw new IllegalStateException("neither a message nor bytes: " + name);
    }
    return encoded;
  }
}
