package io.meltemi.controlplane.push;

import com.google.protobuf.Message;
import io.meltemi.common.validation.Origin;
import java.util.List;

/**
 * A translated resource with what it was made of, so that a rejection by a proxy can name the line
 * a person must edit.
 *
 * @param name unique in its type, as proxies ask for it
 * @param body the wire message; a generator that returns the same instance again saves its encoding
 * @param origins of the configuration it was made of, the most specific first; may be empty
 */
public record GeneratedResource(String name, Message body, List<Origin> origins) {
  public GeneratedResource {
    origins = List.copyOf(origins);
  }
}
