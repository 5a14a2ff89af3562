/**
 * The filter that answers in place of responses that match, such as pages for errors. Event loop of
 * the stream. Implements Envoy's {@code custom_response.v3} with policies that answer here.
 */
@org.jspecify.annotations.NullMarked
package io.meltemi.proxy.http.filter.customresponse;
