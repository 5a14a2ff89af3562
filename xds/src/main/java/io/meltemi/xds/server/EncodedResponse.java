package io.meltemi.xds.server;

import com.google.protobuf.ByteString;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.meltemi.xds.resource.EncodedResource;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A response whose resources are bytes that it shares with other responses. Only the rest, its
 * envelope, is its own. Fields of a message may come in any order, so the envelope goes last.
 *
 * @param resources in either variant's form, complete with tags
 * @param delta which form
 * @param envelope the encoded response without resources
 */
record EncodedResponse(List<EncodedResource> resources, boolean delta, ByteString envelope) {

  int sizeBytes() {
    int size = envelope.size();
    for (EncodedResource resource : resources) {
      size += resource.fieldBytes(delta);
    }
    return size;
  }

  void writeTo(OutputStream out) throws IOException {
    for (EncodedResource resource : resources) {
      resource.writeTo(out, delta);
    }
    envelope.writeTo(out);
  }

  /** Writes responses. What it reads is bytes of either variant, all of them in the envelope. */
  static final MethodDescriptor.Marshaller<EncodedResponse> MARSHALLER =
      new MethodDescriptor.Marshaller<>() {
        @Override
        public InputStream stream(EncodedResponse value) {
          return new Bytes(value);
        }

        @Override
        public EncodedResponse parse(InputStream stream) {
          try {
            return new EncodedResponse(List.of(), false, ByteString.readFrom(stream));
          } catch (IOException e) {
            throw Status.INTERNAL
                .withDescription("response cannot be read")
                .withCause(e)
                .asRuntimeException();
          }
        }
      };

  /** The bytes of a response, copied only by whoever reads instead of draining. */
  private static final class Bytes extends InputStream implements Drainable, KnownLength {
    private final EncodedResponse response;
    private @Nullable InputStream copy;

    Bytes(EncodedResponse response) {
      this.response = response;
    }

    @Override
    public int drainTo(OutputStream target) throws IOException {
      response.writeTo(target);
      return response.sizeBytes();
    }

    @Override
    public int available() throws IOException {
      return copy == null ? response.sizeBytes() : copy.available();
    }

    @Override
    public int read() throws IOException {
      return copy().read();
    }

    @Override
    public int read(byte[] target, int offset, int length) throws IOException {
      return copy().read(target, offset, length);
    }

    private InputStream copy() throws IOException {
      if (copy == null) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(response.sizeBytes());
        response.writeTo(bytes);
        copy = new ByteArrayInputStream(bytes.toByteArray());
      }
      return copy;
    }
  }
}
