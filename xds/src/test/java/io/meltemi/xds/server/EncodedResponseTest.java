package io.meltemi.xds.server;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.google.protobuf.Any;
import com.google.protobuf.StringValue;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.meltemi.xds.resource.EncodedResource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.junit.jupiter.api.Test;

final class EncodedResponseTest {
  @Test
  void aResponseIsReadAsTheBytesThatWereWritten() throws IOException {
    DiscoveryResponse envelope = DiscoveryResponse.newBuilder().setNonce("1").build();
    EncodedResource resource = EncodedResource.encode("a", StringValue.of("text"));
    EncodedResponse written =
        new EncodedResponse(List.of(resource), false, envelope.toByteString());
    EncodedResponse read =
        EncodedResponse.MARSHALLER.parse(EncodedResponse.MARSHALLER.stream(written));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    written.writeTo(bytes);
    ByteArrayOutputStream again = new ByteArrayOutputStream();
    read.writeTo(again);
    assertArrayEquals(bytes.toByteArray(), again.toByteArray());
    assertEquals(written.sizeBytes(), read.sizeBytes());
    assertEquals(
        envelope.toBuilder().addResources(Any.pack(StringValue.of("text"))).build(),
        DiscoveryResponse.parseFrom(read.envelope()));
  }

  @Test
  void aResponseThatCannotBeReadFailsItsCall() {
    InputStream broken =
        new InputStream() {
          @Override
          public int read() throws IOException {
            throw new IOException("broken");
          }

          @Override
          public int read(byte[] target, int offset, int length) throws IOException {
            return read();
          }
        };
    StatusRuntimeException failure =
        assertThrows(StatusRuntimeException.class, () -> EncodedResponse.MARSHALLER.parse(broken));
    assertEquals(Status.Code.INTERNAL, failure.getStatus().getCode());
  }
}
