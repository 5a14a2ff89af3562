/** The InferencePool of the Gateway API's inference extension. Immutable; any thread. */
@org.jspecify.annotations.NullMarked
package io.meltemi.config.kind.inferencepool;
