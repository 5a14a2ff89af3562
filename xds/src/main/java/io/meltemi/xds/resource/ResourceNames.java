package io.meltemi.xds.resource;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import java.io.IOException;
import java.util.Optional;

/**
 * Reads the name of an encoded resource without decoding it. Every type that is served without a
 * {@code Resource} wrapper (clusters, assignments, listeners, routes, secrets, extensions) has its
 * name in field 1.
 */
public final class ResourceNames {
  private static final int NAME_FIELD = 1;

  private ResourceNames() {}

  /** The name; empty when the bytes are not a message or have no such field. */
  public static Optional<String> read(ByteString bytes) {
    CodedInputStream in = bytes.newCodedInput();
    String name = "";
    try {
      for (int tag = in.readTag(); tag != 0; tag = in.readTag()) {
        if (tag == (NAME_FIELD << 3 | 2)) {
          name = in.readStringRequireUtf8();
        } else if (!in.skipField(tag)) {
          return Optional.empty();
        }
      }
    } catch (IOException _) {
      return Optional.empty();
    }
    return name.isEmpty() ? Optional.empty() : Optional.of(name);
  }
}
