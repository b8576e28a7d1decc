// Compiles each schema with Ajv in strict mode, and prints why it is refused, or null.
import Ajv2020 from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

const { schemas } = JSON.parse(process.argv[2]);
const ajv = addFormats(new Ajv2020({ strict: true, logger: false }));
const compile = (schema) => {
  try {
    ajv.compile(schema);
    return null;
  } catch (error) {
    return error.message;
  }
};
console.log(JSON.stringify(schemas.map(compile)));
