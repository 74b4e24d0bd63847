// Prints what the reference parser of MDX finds in a folder of files, as JSON
// with a line for each file:
//
//	npm ci
//	node count.mjs cases > cases.json
//	mkdir corpus && tar xzf corpus.tar.gz -C corpus
//	node count.mjs corpus > golden.json
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import remarkDirective from 'remark-directive';
import remarkFrontmatter from 'remark-frontmatter';
import remarkGfm from 'remark-gfm';
import remarkMdx from 'remark-mdx';
import remarkParse from 'remark-parse';
import {unified} from 'unified';

const parser = unified().use(remarkParse).use(remarkMdx).use(remarkGfm).use(remarkFrontmatter).use(remarkDirective);

const elements = {mdxJsxFlowElement: 'flow', mdxJsxTextElement: 'text'};
const expressions = {mdxFlowExpression: 'flow', mdxTextExpression: 'text'};

// kind is how an attribute's value is written.
function kind(value) {
	if (value === null || value === undefined) return 'boolean';
	if (typeof value === 'string') return 'string';
	const expression = value.data.estree.body[0].expression;
	switch (expression.type) {
		case 'ArrayExpression': return 'array';
		case 'ObjectExpression': return 'object';
		case 'Identifier': return 'identifier';
		case 'TemplateLiteral': return 'template';
		case 'Literal': case 'UnaryExpression': return 'literal';
		default: return 'other';
	}
}

function count(source) {
	const found = {elements: {}, attributes: {}, expressions: {}, directives: {}, headings: {}, fences: 0, depth: 0};
	const add = (to, key) => { found[to][key] = (found[to][key] ?? 0) + 1; };
	const visit = (node, depth) => {
		if (node.type in elements) {
			const name = node.name ?? '';
			add('elements', `${elements[node.type]} ${name}`);
			for (const a of node.attributes) add('attributes', a.type === 'mdxJsxAttribute' ? `${name}.${a.name} ${kind(a.value)}` : `${name} spread`);
			found.depth = Math.max(found.depth, ++depth);
		}
		if (node.type in expressions) add('expressions', expressions[node.type]);
		if (node.type === 'containerDirective') add('directives', node.name);
		if (node.type === 'heading') add('headings', node.depth);
		if (node.type === 'code') found.fences++;
		for (const child of node.children ?? []) visit(child, depth);
	};
	visit(parser.parse(source), 0);
	for (const key of Object.keys(found)) {
		const value = found[key];
		if (typeof value === 'object') found[key] = Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
	}
	return found;
}

const folder = process.argv[2];
const files = readdirSync(folder, {recursive: true}).filter((name) => name.endsWith('.mdx')).sort();
const lines = files.map((name) => {
	let found;
	try {
		found = count(readFileSync(join(folder, name), 'utf8'));
	} catch (error) {
		found = {error: String(error.message ?? error)};
	}
	return `${JSON.stringify(name)}: ${JSON.stringify(found)}`;
});
console.log(`{\n${lines.join(',\n')}\n}`);
